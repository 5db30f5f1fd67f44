// What codecs expect around them: a console that says nothing, CommonJS, and Node's Buffer as far as they use it.
var console = { log() {}, info() {}, warn() {}, error() {}, debug() {} };
var module = { exports: {} };
var exports = module.exports;

class Buffer extends Uint8Array {
  static from(value, encoding) {
    if (typeof value !== "string") return Object.setPrototypeOf(new Uint8Array(value), Buffer.prototype);
    if (encoding === "hex") {
      const pairs = value.match(/[0-9a-fA-F]{2}/g) || [];
      return Buffer.from(pairs.map((pair) => parseInt(pair, 16)));
    }
    const text = encoding === "base64" ? atob(value) : unescape(encodeURIComponent(value));
    return Buffer.from(Array.from(text, (sign) => sign.charCodeAt(0)));
  }
  static alloc(size, fill) { return Buffer.from(new Array(size).fill(fill || 0)); }
  static isBuffer(value) { return value instanceof Buffer; }
  static concat(parts) { return Buffer.from(parts.flatMap((part) => Array.from(part))); }
  slice(begin, end) { return Buffer.from(Array.prototype.slice.call(this, begin, end)); }
  toString(encoding) {
    if (encoding === "hex") return Array.from(this, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const text = String.fromCharCode(...this);
    if (encoding === "base64") return btoa(text);
    if (encoding === "ascii" || encoding === "latin1" || encoding === "binary") return text;
    try { return decodeURIComponent(escape(text)); } catch (error) { return text; }
  }
  toJSON() { return { type: "Buffer", data: Array.from(this) }; }
}
(function () {
  const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const kinds = { UInt8: "Uint8", Int8: "Int8", UInt16: "Uint16", Int16: "Int16", UInt32: "Uint32",
                  Int32: "Int32", Float: "Float32", Double: "Float64", BigInt64: "BigInt64" };
  for (const [name, kind] of Object.entries(kinds)) {
    for (const [end, little] of [["LE", true], ["BE", false]]) {
      const suffix = kind.endsWith("8") && !kind.endsWith("28") ? "" : end;
      Buffer.prototype["read" + name + suffix] = function (at) { return view(this)["get" + kind](at || 0, little); };
      Buffer.prototype["write" + name + suffix] = function (value, at) {
        view(this)["set" + kind](at || 0, value, little);
      };
    }
  }
  for (const name of Object.getOwnPropertyNames(Buffer.prototype)) {
    if (name.includes("UInt")) Buffer.prototype[name.replace("UInt", "Uint")] = Buffer.prototype[name];
  }
})();
function require(name) {
  if (name === "buffer") return { Buffer };
  throw new Error("There is no module " + name + " here.");
}
