const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
/** Text of a document with its character references resolved. */
export const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (all, dec, hex, e: string) => {
    const code = dec === undefined ? Number.parseInt(String(hex), 16) : Number(dec)
    if (e !== undefined) return ENTITIES[e] ?? all
    return code <= 0x10ffff ? String.fromCodePoint(code) : all
  })
