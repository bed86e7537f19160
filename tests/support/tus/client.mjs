/**
 * Uploads with the real tus-js-client, as a test orders: one JSON object per line in, one per line
 * out. Neighbour: tests/support/tus_js.py, which starts this.
 *
 * In:  {"do": "start", "key", "endpoint", "file", "metadata", "chunk", "headers", "duringCreation",
 *       "override", "url", "retry"}, {"do": "abort", "key", "terminate"}, {"do": "resume", "key"}.
 * Out: {"key", "event": "progress" | "chunk" | "success" | "error" | "aborted" | "url", ...}.
 */

import { createReadStream, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { Upload } from "tus-js-client";

const uploads = new Map();

function tell(key, event, more = {}) {
  process.stdout.write(`${JSON.stringify({ key, event, ...more })}\n`);
}

function start(order) {
  const { key, endpoint, file, metadata, headers, chunk, duringCreation, override, retry } = order;
  const answers = [];
  const upload = new Upload(createReadStream(file), {
    endpoint: order.url ? undefined : endpoint,
    uploadUrl: order.url,
    uploadSize: statSync(file).size,
    chunkSize: chunk ?? 64 * 1024,
    metadata,
    headers,
    uploadDataDuringCreation: duringCreation ?? false,
    overridePatchMethod: override ?? false,
    retryDelays: retry ?? [50, 100, 200, 400, 800, 1600, 3200],
    onUploadUrlAvailable: () => tell(key, "url", { url: upload.url }),
    onProgress: (sent) => tell(key, "progress", { sent }),
    onChunkComplete: (size, accepted) => tell(key, "chunk", { accepted }),
    onAfterResponse: (request, response) => {
      answers.push([request.getMethod(), response.getStatus()]);
      upload.last = {
        result: response.getHeader("Playhead-Result"),
        path: response.getHeader("Playhead-Path"),
      };
    },
    onSuccess: () => tell(key, "success", { url: upload.url, answers, ...upload.last }),
    onError: (error) => {
      const status = error.originalResponse?.getStatus();
      tell(key, "error", { status, answers, message: String(error.message).slice(0, 500) });
    },
  });
  uploads.set(key, upload);
  upload.start();
}

async function abort({ key, terminate }) {
  const upload = uploads.get(key);
  await upload.abort(terminate ?? false);
  tell(key, "aborted", { url: upload.url });
}

const orders = {
  start,
  abort,
  resume: ({ key }) => uploads.get(key).start(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  await orders[order.do](order);
}
process.exit(0);
