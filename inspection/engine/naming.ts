import {
  asCoded,
  type AssociatedRead,
  type ExpectedReads,
  type I18n,
  type InspectOutcome,
  type PartPlace,
  toFact,
  type ToolSpec,
} from '../../contracts/index.ts'
import type { LoadedRecipe } from '../recipes/index.ts'
import type { Identify } from './judged-part.ts'
import { onHold, withoutIdentity, withoutVerdict } from './outcome.ts'

/** A judged part with its name, as far as there is one. */
export interface NamedPart {
  outcome: InspectOutcome
  reads: AssociatedRead[]
  /** Named by readers of mould nests and part holders. */
  place?: PartPlace
  /** See `PartIdentity.hold`. */
  hold(): Promise<I18n | null>
}

/** Ids of the code tools whose reads name the part. */
export const identityTools = (tools: readonly ToolSpec[]): string[] =>
  tools.filter((t) => t.use === 'code@1' && t.identity).map((t) => t.id)

const noHold = (): Promise<null> => Promise.resolve(null)

/**
 * Gives a judged part its reads, its identity and the hold it falls under. Never rejects: a part that cannot be asked
 * about does not go on.
 *
 * @param place    what came with the frame
 * @param reading  what is read beside the camera; absent = nothing is
 * @param untilMs  reads that come later are not waited for, ms of `monoMs`
 */
export async function named(
  outcome: InspectOutcome,
  { trigger, recipe, place: own }: { trigger: number; recipe: LoadedRecipe; place?: PartPlace },
  identify: Identify,
  reading: ExpectedReads | undefined,
  untilMs: number,
): Promise<NamedPart> {
  let reads: AssociatedRead[] = []
  let place: PartPlace | undefined
  let told = false
  try {
    const beside = await reading?.decide(untilMs)
    reads = beside?.reads ?? []
    place = beside?.place
    const { codes } = outcome.verdict
    const identity = identify({
      trigger,
      recipe: recipe.recipe,
      codes: [...codes, ...reads],
      place: { ...own, ...place },
      problem: beside?.problem ?? null,
    })
    const naming = identityTools(recipe.recipe.tools)
    const codesBy = [...codes.filter((c) => naming.includes(c.tool)), ...reads].filter((c) => c.ok)
    told = true
    reading?.named(identity.problem === null ? codesBy : [])
    const known = { reads, ...(place && { place }) }
    if (outcome.verdict.noVerdict) return { outcome, ...known, hold: noHold }
    if (identity.problem !== null)
      return { outcome: withoutIdentity(outcome, recipe, identity.problem), ...known, hold: noHold }
    const hold = await identity.hold()
    return { outcome: hold === null ? outcome : onHold(outcome, hold), ...known, hold: () => identity.hold() }
  } catch (error) {
    if (!told) reading?.named([])
    const why = toFact(asCoded(error, 'INS_TOOL'))
    const kept = outcome.verdict.noVerdict
      ? outcome
      : withoutVerdict(outcome, recipe, { reason: 'tool', ...why })
    return { outcome: kept, reads, ...(place && { place }), hold: noHold }
  }
}
