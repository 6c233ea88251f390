/** Mod-10 check digit of a GS1 key without it, from the right weighted 3, 1, 3, …: GS1 General Specifications, section 7.9.1. */
export function gs1CheckDigit(body: string): number {
  let sum = 0
  for (let n = 0; n < body.length; n++) sum += Number(body[body.length - 1 - n]) * (n % 2 === 0 ? 3 : 1)
  return (10 - (sum % 10)) % 10
}
