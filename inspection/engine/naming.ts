import {
  asCoded,
  type AssociatedRead,
  type ChallengeCheck,
  type CodeRead,
  type ExpectedReads,
  type I18n,
  type InspectOutcome,
  type PartPlace,
  type Recipe,
  toFact,
  type ToolSpec,
  type ToolSpecOf,
} from '../../contracts/index.ts'
import { isAbout } from '../pipeline/index.ts'
import type { LoadedRecipe } from '../recipes/index.ts'
import type { Identify } from './judged-part.ts'
import { challenged, onHold, withoutIdentity, withoutVerdict } from './outcome.ts'

/** A judged part with its name, as far as there is one. */
export interface NamedPart {
  outcome: InspectOutcome
  reads: AssociatedRead[]
  /** Named by readers of mould nests and part holders. */
  place?: PartPlace
  /** It is no product. */
  challenge?: ChallengeCheck
  /** See `PartIdentity.hold`. */
  hold(): Promise<I18n | null>
  /** See `PartIdentity.stopped`; nothing where nobody knows who the part is. */
  stopped(inspectionId: string): void
}

/** Ids of the code tools whose reads name the part: not those that read none in their region, but one elsewhere. */
export function identityTools(recipe: Recipe, codes: readonly CodeRead[]): string[] {
  const elsewhere = new Set(codesElsewhere(recipe, codes).map((c) => c.tool))
  return namingTools(recipe.tools)
    .map((t) => t.id)
    .filter((id) => !elsewhere.has(id))
}

/**
 * Codes that would name the part, but were read outside of the region of their tool: where its own code cannot be read,
 * the frame may show that of the part beside it. Of a part that was not found in its place nobody knows where a code lies on it.
 */
export function codesElsewhere(recipe: Recipe, codes: readonly CodeRead[]): CodeRead[] {
  return namingTools(recipe.tools).flatMap(({ id, roi, identity }) =>
    roi === undefined || identity === 'anywhere'
      ? []
      : codes.filter((c) => c.tool === id && c.ok && c.corners.length > 0 && !isAbout(recipe, roi, c)),
  )
}

const namingTools = (tools: readonly ToolSpec[]): ToolSpecOf<'code@1'>[] =>
  tools.flatMap((t) => (t.use === 'code@1' && t.identity ? [t] : []))

const noHold = (): Promise<null> => Promise.resolve(null)
const nobody = { hold: noHold, stopped: (): void => undefined }

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
    const naming = identityTools(recipe.recipe, codes)
    const codesBy = [...codes.filter((c) => naming.includes(c.tool)), ...reads].filter((c) => c.ok)
    told = true
    reading?.named(identity.problem === null ? codesBy : [])
    const challenge = identity.challenge?.(outcome.verdict)
    const known = { reads, ...(place && { place }), ...(challenge && { challenge }) }
    const { problem } = identity
    const held = { ...known, hold: noHold, stopped: (id: string) => identity.stopped?.(id) }
    if (outcome.verdict.noVerdict) return { outcome, ...held }
    if (problem !== null) return { outcome: withoutIdentity(outcome, recipe, problem), ...held }
    if (challenge) return { outcome: challenged(outcome, recipe, challenge), ...held }
    const hold = await identity.hold(outcome.verdict.disposition)
    const named = hold === null ? outcome : onHold(outcome, hold)
    return { outcome: named, ...held, hold: () => identity.hold('release') }
  } catch (error) {
    if (!told) reading?.named([])
    const why = toFact(asCoded(error, 'INS_TOOL'))
    const kept = outcome.verdict.noVerdict
      ? outcome
      : withoutVerdict(outcome, recipe, { reason: 'tool', ...why })
    return { outcome: kept, reads, ...(place && { place }), ...nobody }
  }
}
