import { promisify } from "node:util";
import { brotliDecompress, constants, gunzip, inflate, type ZlibOptions } from "node:zlib";

/** Takes an encoding off; rejects what is cut, damaged, or longer than the options allow. */
type Decode = (bytes: Uint8Array, options: ZlibOptions) => Promise<Buffer>;

const inflated: Decode = promisify<Uint8Array, ZlibOptions, Buffer>(inflate);
const gunzipped: Decode = promisify<Uint8Array, ZlibOptions, Buffer>(gunzip);
const unbrotlied: Decode = (bytes, { maxOutputLength = Number.POSITIVE_INFINITY }) =>
  promisify<Uint8Array, object, Buffer>(brotliDecompress)(bytes, { maxOutputLength });

const decoders: ReadonlyMap<string, Decode> = new Map([
  ["gzip", gunzipped],
  ["x-gzip", gunzipped],
  ["deflate", inflated],
  ["br", unbrotlied],
]);

/** Encodings on top of each other that are taken off. */
const MOST_LAYERS = 3;

/** What became of a body: its bytes; or why it has none that can be used. */
export type Decoded = Uint8Array | "unknown" | "damaged" | "too-large";

/**
 * A body without what `Content-Encoding` says was done to it. One that is cut is none: a compressed text says where it ends.
 *
 * @param mostBytes - of the body as it was before it was encoded
 * @param isPartial - only its beginning was read, and that is enough
 * @see RFC 9110 §8.4 (Content-Encoding)
 */
export async function decoded(
  bytes: Uint8Array,
  contentEncoding: string,
  mostBytes: number,
  isPartial: boolean,
): Promise<Decoded> {
  // In the order in which they were put on.
  const layers = layersOf(contentEncoding).reverse();
  if (layers.length > MOST_LAYERS || layers.some((layer) => !decoders.has(layer))) return "unknown";
  const options = {
    maxOutputLength: mostBytes,
    ...(isPartial ? { finishFlush: constants.Z_SYNC_FLUSH } : {}),
  };
  let plain = bytes;
  for (const layer of layers) {
    try {
      plain = (await decoders.get(layer)?.(plain, options)) ?? plain;
    } catch (cause) {
      return isTooLarge(cause) ? "too-large" : "damaged";
    }
  }
  return plain;
}

/** Whether a body is compressed or otherwise encoded. */
export function isEncoded(contentEncoding: string): boolean {
  return layersOf(contentEncoding).length > 0;
}

function layersOf(contentEncoding: string): string[] {
  return contentEncoding
    .split(",")
    .map((layer) => layer.trim().toLowerCase())
    .filter((layer) => layer !== "" && layer !== "identity");
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
}
