import { useEffect, useState } from "react";
import { connectApp } from "../signed_in_client.ts";

/** The address of a held file for `<img>`, once it is fetched, as docs/apps.md shows. */
export function useFile(fileId: string): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const left = new AbortController();
    let made = "";
    const load = async () => {
      const { siteUrl, token } = await connectApp();
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${siteUrl}/files/${fileId}`, { headers, signal: left.signal });
      if (!answer.ok || left.signal.aborted) return;
      made = URL.createObjectURL(await answer.blob());
      setUrl(made);
    };
    // The file's name stays.
    load().catch(() => undefined);
    return () => {
      left.abort();
      URL.revokeObjectURL(made);
    };
  }, [fileId]);
  return url;
}
