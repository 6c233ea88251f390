import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson, type GateResult, gateResultSchema } from '../../contracts/index.ts'

/** Id of a result: its content, so that one that was edited by hand is not found any more. */
const idOf = (result: Omit<GateResult, 'id'>): string =>
  createHash('sha256').update(canonicalJson(result)).digest('hex').slice(0, 32)

/** Writes a result beside the records of the line; a complete file or none. */
export async function saveGateResult(dir: string, result: Omit<GateResult, 'id'>): Promise<GateResult> {
  const whole = { id: idOf(result), ...result }
  await mkdir(dir, { recursive: true })
  const file = join(dir, `${whole.id}.json`)
  await writeFile(`${file}.part`, `${JSON.stringify(whole, null, 2)}\n`, { flush: true })
  await rename(`${file}.part`, file)
  return whole
}

/** All results that are as they were written, newest first. */
export async function gateResults(dir: string): Promise<GateResult[]> {
  const names = await readdir(dir).catch(() => [])
  const results: GateResult[] = []
  for (const name of names.filter((n) => n.endsWith('.json'))) {
    const result = readResult(await readFile(join(dir, name), 'utf8'))
    if (result) results.push(result)
  }
  return results.sort((a, b) => b.at.localeCompare(a.at))
}

function readResult(text: string): GateResult | null {
  try {
    const result = gateResultSchema.parse(JSON.parse(text))
    const { id, ...rest } = result
    return id === idOf(rest) ? result : null
  } catch {
    return null
  }
}

/**
 * What the gate says of putting `candidate` in the place of `reference`, by content of the recipes; null = never asked.
 *
 * The newest word alone would let a recipe that was refused on 500 parts in by one more part that it gets right. So an
 * acceptance counts when nothing was refused after it, and nothing before it on more bad or more good parts than it has.
 * What was refused for something else than how it judged says nothing of parts and is done with by the next acceptance.
 */
export async function gateResultFor(
  dir: string,
  candidateSha256: string,
  referenceSha256: string,
): Promise<GateResult | null> {
  const results = (await gateResults(dir)).filter(
    (r) => r.candidate.recipe.sha256 === candidateSha256 && r.reference.recipe.sha256 === referenceSha256,
  )
  const refused = results.find((r) => !r.accepted)
  return (
    results.find((r, n) => r.accepted && results.every((o, m) => outweighs(r, n, o, m))) ?? refused ?? null
  )
}

/** Whether an acceptance stands beside another result; both with their places, newest first. */
const outweighs = (r: GateResult, n: number, other: GateResult, m: number): boolean =>
  other.accepted ||
  (m > n &&
    (other.refusals.every((why) => OF_NO_PART.includes(why)) ||
      (r.candidate.escape.n >= other.candidate.escape.n &&
        r.candidate.overkill.n >= other.candidate.overkill.n)))

/** Of the machine, or of the set. */
const OF_NO_PART: readonly GateResult['refusals'][number][] = ['speed', 'no-bad-parts', 'no-good-parts']
