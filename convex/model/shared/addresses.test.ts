import { expect, test } from "vitest";
import { isPublicAddress } from "./addresses.ts";

test.each([
  "https://happy-animal-123.convex.cloud/api/storage/1",
  "https://convex.example.com:8443/api",
  "http://8.8.8.8/x",
  "https://172.32.0.1/",
  "https://localhost.example.com/",
])("%s is public", (url) => {
  expect(isPublicAddress(url)).toBe(true);
});

test.each([
  "http://127.0.0.1:3210/api/storage/1",
  "http://localhost:3210/",
  "http://LOCALHOST/",
  "http://user:word@localhost/",
  "http://[::1]:3210/",
  "http://backend:3210/",
  "http://10.0.0.5/",
  "http://172.16.0.1/",
  "http://192.168.1.5/",
  "http://169.254.0.1/",
  "http://100.64.0.1/",
  "http://mac.local:3210/",
  "http://convex.internal/",
  "/api/storage/1",
])("%s is not", (url) => {
  expect(isPublicAddress(url)).toBe(false);
});
