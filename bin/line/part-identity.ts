import {
  CodedError,
  type CodeRead,
  type DoubtfulIdentity,
  type ErrorFact,
  errorText,
  type PartContext,
  type StationSpec,
} from '../../contracts/index.ts'
import { codesElsewhere, identityTools, type Identify } from '../../inspection/index.ts'
import {
  doubtful,
  type HoldBoard,
  type Identification,
  identify,
  RecentUnits,
  spelledFnc1,
} from '../../traceability/index.ts'
import type { TraceQuery } from '../../traceability/query/index.ts'
import type { Challenges } from '../life/challenges.ts'
import type { FirstArticles } from '../life/first-articles.ts'

/** Parts within which a serial must not come twice, when the line file does not say. */
const DUPLICATE_WITHIN = 20

export interface IdentityPorts {
  station: StationSpec
  /** All of the line, in the order of its file. */
  stations: readonly StationSpec[]
  context: PartContext
  canary: { faultOf(recipe: string): ErrorFact | null }
  holds: HoldBoard
  challenges: Pick<Challenges, 'of' | 'holds'>
  firstArticles: Pick<FirstArticles, 'holds'>
  /** Units of the station judged before the start, oldest first. */
  before: readonly string[]
}

/** How many parts back a serial must not repeat at a station; stored images come again and again. */
const duplicateWithin = ({ duplicateWithin: within, camera }: StationSpec): number =>
  within ?? (camera.adapter === 'replay' ? 0 : DUPLICATE_WITHIN)

/** Stations whose word on a part counts at this one, too. */
function upstreamOf(stations: readonly StationSpec[], { id, upstream }: StationSpec): string[] {
  const ids = stations.map((s) => s.id)
  return upstream ?? ids.slice(0, ids.indexOf(id))
}

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
export function partIdentity(ports: IdentityPorts): Identify {
  const { station, stations, context, canary, holds, challenges, firstArticles, before } = ports
  const within = duplicateWithin(station)
  const upstream = upstreamOf(stations, station)
  const recent = new RecentUnits(Math.max(1, within))
  let parts = 0
  for (const uri of before) recent.check(uri, ++parts)
  return ({ trigger, recipe, codes, place, problem }) => {
    const { product, identity } = recipe
    const naming = [...identityTools(recipe, codes), ...codes.filter(isBeside).map((c) => c.tool)]
    const found = identify(codes, product, identity, naming)
    const elsewhere = codesElsewhere(recipe, codes)
    // What is no name of the part may still be one that must not go on.
    const seen =
      elsewhere.length === 0
        ? found
        : identify(codes, product, identity, [...naming, ...elsewhere.map((c) => c.tool)])
    const judgedBy = `${recipe.recipe}@${recipe.version}`
    const fault = canary.faultOf(judgedBy)
    const challenge = challenges.of(station.id, recipe, trigger, seen.uri)
    const beside = elsewhere.length > 0 && (found.uri === null || seen.problem !== null)
    const stray = beside && (identity !== 'none' || challenge) ? readElsewhere(elsewhere) : null
    const counts = within > 0 && identity !== 'none' && !challenge
    const twice = counts && found.uri !== null ? recent.check(found.uri, ++parts) : null
    const spelled = identity === 'none' ? null : wronglySpelled(codes.filter((c) => naming.includes(c.tool)))
    const facts = {
      ...context,
      recipe: judgedBy,
      product,
      fixture: place.fixture ?? station.place.fixture,
    }
    const wrong = doubtOf(found)
    const doubt = fault
      ? { noVerdict: { reason: 'tool' as const, ...fault }, text: errorText(fault) }
      : (problem ?? stray ?? wrong ?? spelled ?? (twice && doubtful(twice)))
    return {
      problem: doubt,
      ...(doubt === null && challenge && { challenge }),
      hold: async (disposition) => {
        // A canary that failed since is a doubt about who judged the part.
        const since = canary.faultOf(judgedBy)
        if (since) return errorText(since)
        const goesOn = disposition === 'release'
        const unproved = goesOn
          ? (challenges.holds(station.id, recipe) ?? firstArticles.holds(station.id, recipe))
          : null
        const asked = goesOn
          ? { ...facts, upstream: identity === 'none' ? [] : upstream, judgedAt: station.judgedAt }
          : facts
        return unproved ?? holds.over(found, asked, seen)
      },
      // A canary that failed says nothing against the name.
      ...((doubt === null || fault) && {
        stopped: (inspectionId) => holds.stopped(found, facts, inspectionId),
      }),
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

/** Nobody knows whose code it is that was read where that of the part should not be. */
export function readElsewhere(codes: readonly CodeRead[]): DoubtfulIdentity {
  return doubtful({
    text: { zh: '条码在工具区域之外读到', en: 'The code was read outside of its region' },
    error: new CodedError('TRC_IDENTITY', {
      expected: 'the code of the part in the region of its tool',
      actual: codes.map((c) => `${JSON.stringify(c.text.slice(0, 80))} ${at(c)}`).join(' and '),
      hint: 'it may be that of a part beside: check print and light of the own one; where it lies elsewhere, draw the region around all such places, or say identity: anywhere where the frame never shows a second part',
    }),
  })
}

const at = ({ corners: [[x, y] = [0, 0]] }: CodeRead): string => `(${Math.round(x)}, ${Math.round(y)})`

/** Why a part with such codes is held; null = the recipe takes it. */
export const doubtOf = ({ problem }: Pick<Identification, 'problem'>): DoubtfulIdentity | null =>
  problem && {
    noVerdict: { reason: 'identity', code: problem.code, message: problem.message },
    text: problem.text,
  }

const isBeside = (code: CodeRead): boolean => 'associatedBy' in code
