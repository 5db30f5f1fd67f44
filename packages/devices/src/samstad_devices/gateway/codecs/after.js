// Finds what the codec defined, in the forms of LoRa Alliance TS013 and of those before it, and runs it.
// An answer is the text of {"data": ..., "warnings": [...]}, or of {"errors": [...]}.
var __run = (function () {
  const exported = Object.assign({}, exports, module.exports);
  const one = (found, name) => (typeof found === "function" ? found : exported[name]);
  const known = {
    decodeUplink: one(typeof decodeUplink === "undefined" ? 0 : decodeUplink, "decodeUplink"),
    decodeDownlink: one(typeof decodeDownlink === "undefined" ? 0 : decodeDownlink, "decodeDownlink"),
    encodeDownlink: one(typeof encodeDownlink === "undefined" ? 0 : encodeDownlink, "encodeDownlink"),
    normalizeUplink: one(typeof normalizeUplink === "undefined" ? 0 : normalizeUplink, "normalizeUplink"),
    Decoder: one(typeof Decoder === "undefined" ? 0 : Decoder, "Decoder"),
    Decode: one(typeof Decode === "undefined" ? 0 : Decode, "Decode"),
    Encoder: one(typeof Encoder === "undefined" ? 0 : Encoder, "Encoder"),
    Encode: one(typeof Encode === "undefined" ? 0 : Encode, "Encode"),
  };
  const texts = (value) => (Array.isArray(value) ? value.map(String) : value ? [String(value)] : []);
  const isWrapped = (found) =>
    found !== null && typeof found === "object" && !Array.isArray(found) &&
    ("data" in found || "errors" in found || "warnings" in found || "bytes" in found);
  const answer = (found) => {
    if (!isWrapped(found)) return { data: found, warnings: [] };
    const errors = texts(found.errors);
    return errors.length ? { errors } : { data: found.data, warnings: texts(found.warnings) };
  };
  const operations = {
    decodeUplink(input) {
      const { bytes, fPort, variables } = input;
      if (known.decodeUplink) {
        return answer(known.decodeUplink({ ...input, recvTime: new Date(input.recvTime) }));
      }
      if (known.Decoder) return answer(known.Decoder(bytes, fPort));
      if (known.Decode) return answer(known.Decode(fPort, bytes, variables));
      return null;
    },
    decodeDownlink(input) { return known.decodeDownlink ? answer(known.decodeDownlink(input)) : null; },
    normalizeUplink(input) { return known.normalizeUplink ? answer(known.normalizeUplink(input)) : null; },
    encodeDownlink(input) {
      const { data, fPort, variables } = input;
      let found;
      if (known.encodeDownlink) found = known.encodeDownlink(input);
      else if (known.Encoder) found = { bytes: known.Encoder(data, fPort), fPort };
      else if (known.Encode) found = { bytes: known.Encode(fPort, data, variables), fPort };
      else return null;
      const errors = texts(found && found.errors);
      if (errors.length) return { errors };
      return { data: { bytes: Array.from(found.bytes), fPort: found.fPort }, warnings: texts(found.warnings) };
    },
  };
  return (operation, text) => JSON.stringify(operations[operation](JSON.parse(text)));
})();
