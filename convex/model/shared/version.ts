/** What the functions offer, as a number: raised when a bridge or script needs something that older ones lack. */
export const BACKEND_VERSION = 4;
