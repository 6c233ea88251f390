import type { PlantAlarm, PlantLine, PlantPort } from './plant-ports.ts'
import type { Text } from './ports.ts'

/** A line says every few seconds that it is there. */
const SILENT_MS = 60_000
/** Events that wait on the line although it is heard: some minutes of a fast line. */
const BEHIND = 5_000

const ITSELF: Text = { en: 'the plant itself', zh: '工厂自身' }

type Alarm = Omit<PlantAlarm, 'log'>

/** What somebody should look at, worst first per line; before them what is wrong with the log of the plant itself. */
export const plantAlarms = (
  lines: readonly PlantLine[],
  own: ReturnType<PlantPort['own']>,
  nowMs: number,
): PlantAlarm[] => [
  ...checkAlarms(ITSELF, own.check).map((alarm) => ({ log: own.log, ...alarm })),
  ...lines.flatMap((line) =>
    [...checkAlarms({ en: line.line, zh: line.line }, line.check), ...heardAlarms(line, nowMs)].map(
      (alarm) => ({ log: line.log, ...alarm }),
    ),
  ),
]

function checkAlarms(whose: Text, check: PlantLine['check']): Alarm[] {
  const alarms: Alarm[] = []
  if (check?.state === 'altered')
    alarms.push({
      alarm: 'altered',
      message: {
        en: `What came from ${whose.en} was altered: ${check.findings} findings, first ${check.first?.en ?? ''}`,
        zh: `${whose.zh} 的数据被改动:发现 ${check.findings} 处,首处为 ${check.first?.zh ?? ''}`,
      },
    })
  if (check !== null && check.gaps > 0)
    alarms.push({
      alarm: 'gap',
      message: {
        en: `Events of ${whose.en} are missing in ${check.gaps} places`,
        zh: `${whose.zh} 的事件有 ${check.gaps} 处缺失`,
      },
    })
  if (check?.state === 'failed')
    alarms.push({
      alarm: 'unchecked',
      message: {
        en: `The log of ${whose.en} could not be checked: ${check.first?.en ?? ''}`,
        zh: `${whose.zh} 的日志无法校验:${check.first?.zh ?? ''}`,
      },
    })
  return alarms
}

function heardAlarms({ line, seenAt, events, received }: PlantLine, nowMs: number): Alarm[] {
  const alarms: Alarm[] = []
  if (seenAt === null || nowMs - Date.parse(seenAt) > SILENT_MS)
    alarms.push({
      alarm: 'silent',
      message: {
        en: `${line} is not heard${seenAt === null ? '' : ` since ${seenAt}`}; its holds are those it knew then`,
        zh: `${line} 失去联系${seenAt === null ? '' : `(自 ${seenAt})`};其隔离状态停留在当时`,
      },
    })
  else if (events !== null && events - received > BEHIND)
    alarms.push({
      alarm: 'behind',
      message: {
        en: `${line} is behind: ${events - received} events have not come`,
        zh: `${line} 滞后:尚有 ${events - received} 条事件未到`,
      },
    })
  return alarms
}
