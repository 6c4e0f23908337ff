// Reads one encrypted blob from the description of its form alone, with Node's own crypto.
// Usage: node reread.mjs FILE BLOB_KEY_HEX  →  {"size", "sha256", "plain" (base64)}
import { readFileSync } from "node:fs";
import { createDecipheriv, createHash, hkdfSync } from "node:crypto";

const [file, keyHex] = process.argv.slice(2);
const stored = readFileSync(file);
const header = stored.subarray(0, 44);
if (header.subarray(0, 8).toString("latin1") !== "CCSBLOB\x01") throw new Error("magic");
const salt = header.subarray(12, 44);
const key = Buffer.from(hkdfSync("sha256", Buffer.from(keyHex, "hex"), salt, "blob/1", 32));

function open(frame, index, last) {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 7);
  nonce[11] = last ? 1 : 0;
  const cipher = createDecipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(header);
  cipher.setAuthTag(frame.subarray(-16));
  return Buffer.concat([cipher.update(frame.subarray(0, -16)), cipher.final()]);
}

const body = stored.subarray(44, -56);
const pieces = [];
for (let at = 0, index = 0; at < body.length; at += 65552, index++) {
  pieces.push(open(body.subarray(at, Math.min(at + 65552, body.length)), index, false));
}
const seal = open(stored.subarray(-56), pieces.length, true);
const plain = Buffer.concat(pieces);
const sha256 = createHash("sha256").update(plain).digest("hex");
if (seal.readBigUInt64BE(0) !== BigInt(plain.length)) throw new Error("size");
if (seal.subarray(8).toString("hex") !== sha256) throw new Error("digest");
console.log(JSON.stringify({ size: plain.length, sha256, plain: plain.toString("base64") }));
