import { expect, it } from 'vitest'
import { CanaryAlarms } from '../../bin/life/canary-alarms.ts'
import { CodedError, type ErrorFact, type ModelDeployed, watchSchema } from '../../contracts/index.ts'
import { type LifeAlarm, ModelWatch, prepareLife } from '../../models/index.ts'
import { ksTwoSample, populationStability, stabilityLimit } from '../../scenarios/index.ts'
import { openSql } from '../../traceability/index.ts'

const WHY =
  'a canary frame with a known answer was judged differently; parts that it passed since 2026-01-01T00:00:00.000Z may be wrong'
const fact: ErrorFact = { code: 'INS_CANARY', message: `INS_CANARY: ${WHY}` }
const recipe = (id: string) => ({ id, sha256: id.padEnd(64, '0'), models: [] })
const AT = '2026-01-01T00:01:00.000Z'
const rollback: { data: ModelDeployed; time: string } = {
  time: AT,
  data: {
    station: 's1',
    cause: 'canary',
    before: recipe('ramp@2'),
    after: recipe('ramp@1'),
    by: 'sightline',
    reason: fact.message,
    gate: null,
    override: false,
  },
}

/** The alarms of a data directory, and programs that one after the other run on it. */
function kept() {
  const stats = { ksTwoSample, populationStability, stabilityLimit }
  const db = prepareLife(openSql(':memory:', { synchronous: 'normal' }), 'counts')
  const watch = new ModelWatch(db, watchSchema.parse({}), stats)
  const start = (): CanaryAlarms => new CanaryAlarms((alarm) => Promise.resolve(watch.raise(alarm)))
  return { watch, start }
}

it('a line that died behind a rollback tells of it when it starts, once, and not after somebody ended it', async () => {
  const { watch, start } = kept()
  await start().afterStart(rollback, watch.alarms)
  const [alarm] = watch.alarms.active()
  expect(alarm).toMatchObject({
    id: 'canary-rollback/s1',
    code: 'INS_CANARY',
    message: {
      en: `ramp@2 was rolled back to ramp@1: ${fact.message}`,
      zh: expect.stringMatching(/^ramp@2 已退回到 ramp@1:INS_CANARY:.*可能有误$/) as string,
    },
  })
  await start().afterStart(rollback, watch.alarms)
  expect(watch.alarms.active()).toEqual([alarm])
  watch.acknowledge('canary-rollback/s1', 'li', new Date().toISOString())
  await start().afterStart(rollback, watch.alarms)
  watch.beginAnew()
  await start().afterStart(rollback, watch.alarms)
  expect(watch.alarms.active()).toEqual([])
})

it('says nothing at a start behind a rollback that was told, or behind any other change', async () => {
  const { watch, start } = kept()
  await start().rolledBack('s1', 'ramp@2', 'ramp@1', fact)
  const told = watch.alarms.active()
  await start().afterStart({ ...rollback, time: told[0]?.since ?? '' }, watch.alarms)
  await start().afterStart({ ...rollback, data: { ...rollback.data, cause: 'rollback' } }, watch.alarms)
  await start().afterStart(null, watch.alarms)
  expect(watch.alarms.active()).toEqual(told)
})

it('alarms about what became of a recipe stay when the log is looked at anew, as they are nowhere else', async () => {
  const { watch, start } = kept()
  const drift: LifeAlarm = {
    id: 'score-drift/s1/x/y',
    station: 's1',
    alarm: 'score-drift',
    code: 'MDL_DRIFT',
    message: { en: '', zh: '' },
    since: AT,
  }
  watch.raise(drift)
  await start().stays('s1', 'ramp@2', fact, new CodedError('MDL_UNKNOWN'))
  watch.beginAnew()
  expect(watch.alarms.active()).toMatchObject([{ alarm: 'canary-failed' }])
  expect(watch.alarms.pending()).toMatchObject([{ data: { alarm: 'canary-failed' } }])
})

it('a store that takes nothing just now ends no check of the canaries', async () => {
  const refusing = new CanaryAlarms(() => Promise.reject(new CodedError('TRC_WRITE')))
  await refusing.rolledBack('s1', 'ramp@2', 'ramp@1', fact)
  await refusing.stays('s1', 'ramp@2', fact, new CodedError('MDL_LIFE'))
})
