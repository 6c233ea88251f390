const DAY_MS = 86_400_000

/** The parts a date is written in; group names of the expression made of a form. */
const PARTS: Record<string, string> = {
  YYYY: '(?<year>\\d{4})',
  YY: '(?<year>\\d{2})',
  MM: '(?<month>\\d{2})',
  DD: '(?<day>\\d{2})',
}

/**
 * Reads a date code.
 *
 * @param form YYYY or YY (20YY), MM, DD and separators; without DD the last day of the month, as ISO 8601 and the
 *             GS1 General Specifications (3.4.2, day 00) take a month for
 * @returns days since 1970-01-01 in the proleptic Gregorian calendar, or null when the text has another form or the
 *          month or the day does not exist
 */
export function dateCodeDay(text: string, form: string): number | null {
  const pattern = form.replaceAll(
    /YYYY|YY|MM|DD|[./ -]/g,
    (part) => PARTS[part] ?? (part === ' ' ? '' : `\\${part}`),
  )
  const found = new RegExp(`^${pattern}$`).exec(text)?.groups
  if (!found?.['year'] || !found['month']) return null
  const year = Number(found['year']) + (found['year'].length === 2 ? 2000 : 0)
  const month = Number(found['month'])
  if (month < 1 || month > 12) return null
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const day = found['day'] === undefined ? last : Number(found['day'])
  if (day < 1 || day > last) return null
  return Date.UTC(year, month - 1, day) / DAY_MS
}
