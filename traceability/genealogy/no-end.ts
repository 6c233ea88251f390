/** The end of what has none, as text that is behind every time, those of the year 9999 too. */
export const END = '99999'
