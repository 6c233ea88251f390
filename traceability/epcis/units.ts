/**
 * Unit codes of UN/ECE Recommendation 20 (revision 17) by dimension: value in the base unit = (value + shift) * factor.
 * Only exact conversions; a code that is not here is compared with itself alone.
 */
const TABLE = `
temperature CEL 1 273.15 KEL 1 0 FAH 0.5555555555555556 459.67
length MTR 1 0 MMT 0.001 0 CMT 0.01 0 DMT 0.1 0 KMT 1000 0 4H 0.000001 0 C45 1e-9 0 INH 0.0254 0 FOT 0.3048 0 YRD 0.9144 0 SMI 1609.344 0
area MTK 1 0 MMK 0.000001 0 CMK 0.0001 0 INK 0.00064516 0 FTK 0.09290304 0
volume MTQ 1 0 LTR 0.001 0 MLT 0.000001 0 CMQ 0.000001 0 DMQ 0.001 0 MMQ 1e-9 0
mass KGM 1 0 GRM 0.001 0 MGM 0.000001 0 MC 1e-9 0 TNE 1000 0 LBR 0.45359237 0 ONZ 0.028349523125 0
time SEC 1 0 C26 0.001 0 B98 0.000001 0 MIN 60 0 HUR 3600 0 DAY 86400 0
pressure PAL 1 0 KPA 1000 0 MPA 1000000 0 A97 100 0 BAR 100000 0 MBR 100 0 ATM 101325 0
speed MTS 1 0 KMH 0.2777777777777778 0 HM 0.44704 0
force NEW 1 0 B47 1000 0
energy JOU 1 0 KJO 1000 0 WHR 3600 0 KWH 3600000 0
power WTT 1 0 KWT 1000 0 MAW 1000000 0
voltage VLT 1 0 2Z 0.001 0 KVT 1000 0
current AMP 1 0 4K 0.001 0 B84 0.000001 0
frequency HTZ 1 0 KHZ 1000 0 MHZ 1000000 0
angle C81 1 0 DD 0.017453292519943295 0
ratio C62 1 0 P1 0.01 0 59 0.000001 0
`

interface Unit {
  dimension: string
  factor: number
  shift: number
}

const UNITS: ReadonlyMap<string, Unit> = new Map(
  TABLE.trim()
    .split('\n')
    .flatMap((line) => {
      const [dimension = '', ...rest] = line.split(' ')
      return Array.from({ length: rest.length / 3 }, (_, i): [string, Unit] => [
        rest[3 * i] ?? '',
        { dimension, factor: Number(rest[3 * i + 1]), shift: Number(rest[3 * i + 2]) },
      ])
    }),
)

/**
 * A value in another unit, or null when the units do not measure the same.
 *
 * @param spread whether the value is a difference of two, such as a standard deviation: zero points do not count then
 */
export function inUnit(value: number, from: string, to: string, spread = false): number | null {
  if (from === to) return value
  const a = UNITS.get(from)
  const b = UNITS.get(to)
  if (a === undefined || b === undefined || a.dimension !== b.dimension) return null
  const [zeroFrom, zeroTo] = spread ? [0, 0] : [a.shift, b.shift]
  const converted = Number((((value + zeroFrom) * a.factor) / b.factor - zeroTo).toPrecision(12))
  // Twelve digits: what conversion adds in the last places is no measurement. Where zero points are taken away, what it
  // adds is of their size and not of what is left: 32 FAH are 0 CEL, not 6e-14.
  return zeroFrom === 0 && zeroTo === 0 ? converted : Number(converted.toFixed(9))
}
