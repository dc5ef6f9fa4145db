/** Bytes of a string in UTF-8, without encoding it when its length alone already answers. */
export function exceedsBytes(text: string, bytesMax: number): boolean {
  // One UTF-16 unit takes at most three bytes in UTF-8, and never less than one.
  if (text.length * 3 <= bytesMax) return false;
  if (text.length > bytesMax) return true;
  return Buffer.byteLength(text) > bytesMax;
}

/** Cuts between characters, never through one. */
export function shorten(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `${text.slice(0, lengthMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Shortens a value for an error sentence, so that a hostile id cannot fill a log line. */
export function quoted(value: string, lengthMax = 80): string {
  const shown = value.length > lengthMax ? `${value.slice(0, lengthMax)}…` : value;
  return JSON.stringify(shown);
}
