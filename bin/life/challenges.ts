import {
  asCoded,
  type ChallengeCheck,
  type ChallengeJudged,
  type ChallengePart,
  challengeText,
  type I18n,
  type LineSpec,
  monoMs,
  type PartStore,
  type Recipe,
  type Verdict,
} from '../../contracts/index.ts'
import type { ChallengeState, LineState } from '../../dashboard/index.ts'
import type { LoadedRecipe } from '../../inspection/index.ts'
import type { LifeAlarm } from '../../models/index.ts'
import type { Newest, NewestInspection } from '../../traceability/index.ts'
import { type InForceSince, isSince } from './in-force.ts'
import { challengeParts } from '../line/challenge-parts.ts'
import { stationEvent } from '../line/station-event.ts'
import { log } from '../setup/log.ts'

const MINUTE_MS = 60_000

/** The last answer that proved something. */
interface Answer extends Pick<ChallengeCheck, 'right'> {
  /** See `challengeText`. */
  text: I18n
  at: string
  /** The same moment by the clock that nobody sets, ms of `monoMs`. */
  atMs: number
  /** When it was last judged as expected; null = never since the recipe came into force. */
  rightAt: string | null
}

export interface ChallengesParts {
  spec: LineSpec
  /** By station id. */
  active: ReadonlyMap<string, LoadedRecipe>
  since(station: string): InForceSince
  /** The newest answer in the log about `challenge/<station>/<code>`. */
  newest(subject: string): Newest<ChallengeJudged> | null
  /** The newest record of a unit at a station. */
  recorded(unit: string, station: string): NewestInspection | null
  store: Pick<PartStore, 'emit'>
  /** @throws TRC_WRITE */
  raise(alarm: LifeAlarm): Promise<void>
}

/** A product that must not go on because of the challenge parts, and why. */
interface Want {
  code: string
  kind: 'wrong' | 'never' | 'overdue'
  text: I18n
}

/**
 * Whether each station proved lately, on parts of known condition, that it tells bad from good. A canary and golden
 * vectors say that model and program are as they were; only a part on the belt says it of lens, light and position.
 *
 * What was proved is in the log, so that a restart goes on with it; each recipe that comes into force must prove it anew.
 */
export class Challenges {
  readonly #parts: ChallengesParts
  /** By station and recipe (`id@version`), of each code. */
  readonly #answers = new Map<string, Map<string, Answer>>()

  constructor(parts: ChallengesParts) {
    this.#parts = parts
    for (const [station, loaded] of parts.active)
      this.#answers.set(keyOf(station, loaded.id), this.#told(station, loaded))
  }

  /** A recipe came into force while the line runs. */
  activated(station: string, { id }: LoadedRecipe): void {
    this.#answers.set(keyOf(station, id), new Map())
  }

  /**
   * How to take note of a challenge part.
   *
   * @param uri of the unit
   * @returns undefined for a product
   */
  of(
    station: string,
    recipe: Recipe,
    trigger: number,
    uri: string | null,
  ): ((verdict: Verdict) => ChallengeCheck) | undefined {
    const part = uri === null ? undefined : challengeParts(recipe).get(uri)
    return part && ((verdict) => this.#judged(station, part, trigger, verdict))
  }

  /** Why no product that this recipe judges may go on, or null. */
  holds(station: string, recipe: Recipe): I18n | null {
    const want = this.#wants(station, `${recipe.recipe}@${recipe.version}`, recipe)
    return want && (want.kind === 'wrong' || recipe.challenge?.overdue === 'hold') ? want.text : null
  }

  degraded(): LineState['degraded'] {
    return [...this.#parts.active].flatMap(([station, { id, recipe }]) => {
      const want = this.#wants(station, id, recipe)
      if (want === null) return []
      const held = this.holds(station, recipe) !== null
      return [
        {
          id: `challenge-${station}`,
          text: {
            en: `${station}: ${want.text.en}; ${held ? 'its parts are held until the challenge part is judged right' : 'its parts go on'}`,
            zh: `${station}:${want.text.zh};${held ? '在验证件判定正确之前,工件扣留' : '工件照常放行'}`,
          },
        },
      ]
    })
  }

  /** Null where the recipe in force has no challenge parts. */
  state(station: string): ChallengeState | null {
    const active = this.#parts.active.get(station)
    const challenge = active?.recipe.challenge
    if (!active || !challenge) return null
    return {
      everyMin: challenge.everyMin,
      overdue: challenge.overdue,
      wanted: this.#wants(station, active.id, active.recipe)?.text ?? null,
      parts: challenge.parts.map(({ code, expect, classes }) => {
        const last = this.#of(station, active.id).get(code)
        return {
          code,
          expect,
          classes,
          last: last ? { at: last.at, right: last.right, text: last.text } : null,
          dueAt: last?.right
            ? new Date(Date.parse(last.at) + challenge.everyMin * MINUTE_MS).toISOString()
            : null,
        }
      }),
    }
  }

  #of(station: string, id: string): ReadonlyMap<string, Answer> {
    return this.#answers.get(keyOf(station, id)) ?? new Map<string, Answer>()
  }

  #wants(station: string, id: string, { challenge }: Recipe): Want | null {
    if (!challenge) return null
    const answers = this.#of(station, id)
    const wants = challenge.parts.flatMap((part): Want[] => {
      const last = answers.get(part.code)
      if (last === undefined)
        return [
          {
            code: part.code,
            kind: 'never',
            text: {
              en: `challenge part ${part.code} was not shown since ${id} came into force`,
              zh: `${id} 启用后尚未送检验证件 ${part.code}`,
            },
          },
        ]
      if (!last.right) return [{ code: part.code, kind: 'wrong', text: wrongText(last.text) }]
      return monoMs() - last.atMs > challenge.everyMin * MINUTE_MS
        ? [
            {
              code: part.code,
              kind: 'overdue',
              text: {
                en: `challenge part ${part.code} is overdue, judged right last at ${last.at}, due every ${challenge.everyMin} min`,
                zh: `验证件 ${part.code} 已逾期:上次判定正确于 ${last.at},应每 ${challenge.everyMin} 分钟送检`,
              },
            },
          ]
        : []
    })
    return wants.find((w) => w.kind === 'wrong') ?? wants[0] ?? null
  }

  #judged(station: string, part: ChallengePart, trigger: number, verdict: Verdict): ChallengeCheck {
    const check = checkOf(part, verdict)
    const { actual } = check
    if (actual === null) return check
    const at = new Date().toISOString()
    const answers = this.#answers.get(keyOf(station, verdict.recipe)) ?? new Map<string, Answer>()
    this.#answers.set(keyOf(station, verdict.recipe), answers)
    const before = answers.get(part.code)
    const rightAt = check.right ? at : (before?.rightAt ?? null)
    answers.set(part.code, { right: check.right, text: challengeText(check), at, atMs: monoMs(), rightAt })
    const said: ChallengeJudged = {
      station,
      recipe: verdict.recipe,
      recipeSha256: verdict.recipeSha256,
      trigger,
      code: part.code,
      expected: { result: part.expect, classes: part.classes },
      actual,
      right: check.right,
    }
    void this.#tell(station, said, at, rightAt, check)
    return check
  }

  /** Never fails: what is not in the log is asked for again after a restart, and the alarm does not wait for it. */
  async #tell(
    station: string,
    said: ChallengeJudged,
    at: string,
    rightAt: string | null,
    check: ChallengeCheck,
  ): Promise<void> {
    const { spec, store, raise } = this.#parts
    const subject = subjectOf(station, said.code)
    const event = stationEvent(spec, station, 'qe.challenge.judged.v1', said, { at, subject })
    const doings = [store.emit(event)]
    if (!said.right) {
      const text = challengeText(check)
      log.error({ station, recipe: said.recipe }, `a challenge part was judged wrong: ${text.en}`)
      const since = rightAt === null ? SINCE_FORCE : sinceText(rightAt)
      const message = {
        en: `${said.recipe}, ${text.en}; ${since.en}`,
        zh: `${said.recipe},${text.zh};${since.zh}`,
      }
      const alarm = 'challenge-failed'
      doings.push(
        raise({ id: `${alarm}/${station}`, station, alarm, code: 'INS_CHALLENGE', message, since: at }),
      )
    }
    for (const done of await Promise.allSettled(doings))
      if (done.status === 'rejected') {
        const { code, message } = asCoded(done.reason, 'TRC_WRITE')
        log.error({ station, code, message }, 'what a challenge part showed could not be stored')
      }
  }

  /** What the log has of a recipe in force. */
  #told(station: string, { sha256, recipe }: LoadedRecipe): Map<string, Answer> {
    const answers = new Map<string, Answer>()
    const since = this.#parts.since(station)
    for (const [unit, { code }] of challengeParts(recipe)) {
      const newest = this.#parts.newest(subjectOf(station, code))
      const { position = 0, event } = newest ?? {}
      const counts = event && isSince({ position, at: event.time, doubt: !event.data.right }, since)
      if (counts && event.data.recipeSha256 === sha256) {
        const { expected, actual, right } = event.data
        const text = challengeText({ code, expected, actual, right })
        answers.set(code, { right, text, ...toldAt(event.time), rightAt: right ? event.time : null })
      }
      // The power may have gone between the record of an answer and its event, which follow one another in any order.
      const record = this.#parts.recorded(unit, station)
      if (record === null || record.recipeSha256 !== sha256) continue
      if (!isSince({ position: record.position, at: record.endedAt, doubt: true }, since)) continue
      const text = wrongIn(record, code)
      if (text === undefined || record.position < position || record.trigger === event?.data.trigger) continue
      const rightAt = answers.get(code)?.rightAt ?? null
      answers.set(code, { right: false, text, ...toldAt(record.endedAt), rightAt })
    }
    return answers
  }
}

const keyOf = (station: string, recipe: string): string => `${station} ${recipe}`
const subjectOf = (station: string, code: string): string => `challenge/${station}/${code}`

const SINCE_FORCE: I18n = {
  en: 'parts that it passed since it came into force may be wrong',
  zh: '自其启用以来判为合格的工件可能有误',
}
const sinceText = (at: string): I18n => ({
  en: `parts that it passed since ${at} may be wrong`,
  zh: `自 ${at} 起由其判为合格的工件可能有误`,
})
const wrongText = (text: I18n): I18n => ({ en: `challenge part ${text.en}`, zh: `验证件 ${text.zh}` })

/** A time to come is no proof of how long ago it was: the clock was set. */
function toldAt(at: string): Pick<Answer, 'at' | 'atMs'> {
  const ageMs = Date.now() - Date.parse(at)
  return { at, atMs: ageMs < 0 ? -Infinity : monoMs() - ageMs }
}

/** What a record says of a challenge part that was judged otherwise than expected; see `challengeText`. */
const wrongIn = ({ reasons }: NewestInspection, code: string): I18n | undefined =>
  reasons.find(({ en }) => en.startsWith(`${code}: judged `) && !en.endsWith(', as expected'))

/** A part that must fail has to have every class that is named; others beside them do not matter. */
function checkOf({ code, expect, classes }: ChallengePart, verdict: Verdict): ChallengeCheck {
  const expected = { result: expect, classes }
  const { result, defects, findings } = verdict
  if (result === 'inconclusive') return { code, expected, actual: null, right: false }
  const condemned = new Set(defects)
  const found = [...new Set(findings.filter((f) => condemned.has(f.id)).map((f) => f.class))].sort()
  const right = result === expect && classes.every((c) => found.includes(c))
  return { code, expected, actual: { result, classes: found }, right }
}
