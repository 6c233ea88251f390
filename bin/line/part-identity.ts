import {
  CodedError,
  type CodeRead,
  type DoubtfulIdentity,
  type ErrorFact,
  errorText,
  type PartContext,
  type StationSpec,
} from '../../contracts/index.ts'
import { identityTools, type Identify } from '../../inspection/index.ts'
import {
  doubtful,
  type HoldBoard,
  type Identification,
  identify,
  RecentUnits,
  spelledFnc1,
} from '../../traceability/index.ts'
import type { TraceQuery } from '../../traceability/query/index.ts'

/** Parts within which a serial must not come twice, when the line file does not say. */
const DUPLICATE_WITHIN = 20

export interface IdentityPorts {
  station: StationSpec
  context: PartContext
  canary: { faultOf(recipe: string): ErrorFact | null }
  holds: HoldBoard
  /** Units of the station judged before the start, oldest first. */
  before: readonly string[]
}

/** How many parts back a serial must not repeat at a station; stored images come again and again. */
const duplicateWithin = ({ duplicateWithin: within, camera }: StationSpec): number =>
  within ?? (camera.adapter === 'replay' ? 0 : DUPLICATE_WITHIN)

/** What `IdentityPorts.before` is at the start of a station. */
export async function unitsBefore(
  station: StationSpec,
  queries: Pick<TraceQuery, 'recentParts'>,
): Promise<string[]> {
  const limit = duplicateWithin(station)
  const parts = limit === 0 ? [] : await queries.recentParts({ station: station.id, limit })
  return parts.flatMap((p) => (p.identifiedBy === 'code' ? p.unit : [])).reverse()
}

/**
 * Who a part is, asked once: by the codes of its image and those given to it beside the camera. A serial that another
 * part had just before is as doubtful as two serials.
 */
export function partIdentity({ station, context, canary, holds, before }: IdentityPorts): Identify {
  const within = duplicateWithin(station)
  const recent = new RecentUnits(Math.max(1, within))
  let parts = 0
  for (const uri of before) recent.check(uri, ++parts)
  return ({ recipe, codes, place, problem }) => {
    const { product, identity, tools } = recipe
    const naming = [...identityTools(tools), ...codes.filter(isBeside).map((c) => c.tool)]
    const found = identify(codes, product, identity, naming)
    const judgedBy = `${recipe.recipe}@${recipe.version}`
    const fault = canary.faultOf(judgedBy)
    const twice =
      within > 0 && identity !== 'none' && found.uri !== null ? recent.check(found.uri, ++parts) : null
    const spelled = identity === 'none' ? null : wronglySpelled(codes.filter((c) => naming.includes(c.tool)))
    const facts = {
      ...context,
      recipe: judgedBy,
      product,
      fixture: place.fixture ?? station.place.fixture,
    }
    const wrong = doubtOf(found)
    return {
      problem: fault
        ? { noVerdict: { reason: 'tool', ...fault }, text: errorText(fault) }
        : (problem ?? wrong ?? spelled ?? (twice && doubtful(twice))),
      hold: async () => {
        // A canary that failed since is a doubt about who judged the part.
        const since = canary.faultOf(judgedBy)
        return since ? errorText(since) : holds.over(found, facts)
      },
    }
  }
}

/**
 * A GS1 symbol whose fields a reader ran together with a mark of its own would be a plain serial: nobody would see that
 * the part is another product, or of a lot on hold.
 */
function wronglySpelled(codes: readonly CodeRead[]): DoubtfulIdentity | null {
  for (const { ok, symbologyId, text } of codes) {
    const spelling = ok && symbologyId === '' ? spelledFnc1(text) : null
    if (spelling !== null)
      return doubtful({
        text: { zh: '读码器未按原样发送 FNC1', en: 'The reader does not send FNC1 as it is' },
        error: new CodedError('TRC_IDENTITY', {
          expected: 'FNC1 (1D hex) between the fields of a GS1 symbol',
          actual: JSON.stringify(text.slice(0, 80)),
          hint: `say fnc1: '${spelling}' at the reader in the line file, or set the reader to send symbology identifiers and 1D`,
        }),
      })
  }
  return null
}

/** Why a part with such codes is held; null = the recipe takes it. */
export const doubtOf = ({ problem }: Pick<Identification, 'problem'>): DoubtfulIdentity | null =>
  problem && {
    noVerdict: { reason: 'identity', code: problem.code, message: problem.message },
    text: problem.text,
  }

const isBeside = (code: CodeRead): boolean => 'associatedBy' in code
