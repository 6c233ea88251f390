import type { I18n } from '../../contracts/index.ts'
import type { VerifierKey } from '../log/index.ts'
import type { SchemaDifference } from '../store/schema-check.ts'

const values = (found: unknown, expected: unknown): [string, string] => [String(found), String(expected)]

/** Things of a schema, as SQLite calls them. */
const TYPES: Readonly<Record<string, string>> = {
  table: '表',
  index: '索引',
  view: '视图',
  trigger: '触发器',
}

/** That none of these keys signed it, and whether they are those of another log. */
function unsigned(keys: readonly Pick<VerifierKey, 'name' | 'vkey'>[], origin: string): I18n {
  if (keys.length === 0) return { zh: '未由已知密钥签名', en: 'not signed by a known key' }
  const list = keys.map((k) => k.vkey)
  const isOther = keys.every((k) => k.name !== origin)
  return {
    zh: `未由 ${list.join(' 或 ')} 签名${isOther ? `;该检查点属于日志 ${origin},所给为另一日志的密钥` : ''}`,
    en: `not signed by ${list.join(' or ')}${isOther ? `: it is of the log ${origin}, and the key is that of another log` : ''}`,
  }
}

/** What is the same in both languages: a path, a value, words of another program. */
export const plain = (text: string): I18n => ({ zh: text, en: text })

/** An error about something that lies at a place. */
export const about = (place: I18n, what: I18n): I18n => ({
  zh: `${place.zh}:${what.zh}`,
  en: `${place.en}: ${what.en}`,
})

/** What was found, in the words of a report. */
export const WORDS = {
  // The log
  cut: (first: number, last: number): I18n => ({
    zh: `事件 ${first} 至 ${last} 已签名,但已不存在`,
    en: `events ${first} to ${last} were signed and are gone`,
  }),
  shorter: (signed: number, from: I18n, count: number): I18n => ({
    zh: `已签名 ${signed} 条事件(${from.zh}),现有 ${count} 条`,
    en: `${signed} events were signed (${from.en}), ${count} are there`,
  }),
  shorterInPlant: (signed: number, count: number): I18n => ({
    zh: `已签名 ${signed} 条事件,现有 ${count} 条`,
    en: `${signed} events were signed, ${count} are there`,
  }),
  divergedFrom: (window: number): I18n => ({
    zh: `由此起连续 ${window} 条以上的事件均与签名不符`,
    en: `from here on for more than ${window} events nothing is as it was signed`,
  }),
  divergedWithin: (from: number, to: number, head: I18n): I18n => ({
    zh: `事件 ${from} 至 ${to} 中有内容与签名不符(${head.zh}),且没有副本能指出是哪一条`,
    en: `something in events ${from} to ${to} is not as it was signed (${head.en}), and no copy shows which`,
  }),
  divergedUpTo: (to: number): I18n => ({
    zh: `事件 ${to} 及之前有内容与签名不符`,
    en: `something up to event ${to} is not as it was signed`,
  }),
  moved: (position: number): I18n => ({
    zh: `现位于 ${position}`,
    en: `stands at ${position} now`,
  }),
  dropped: { zh: '已签名,但已不存在', en: 'was signed and is gone' },
  droppedBetween: (count: number, from: number, to: number): I18n => ({
    zh: `${from} 与 ${to} 之间少了 ${count} 条事件`,
    en: `${count} events are gone between ${from} and ${to}`,
  }),
  noCopy: { zh: '没有副本能说明原来的内容', en: 'no copy is left that says what it was' },
  /** @param members paths with the text of what stood there and of what stands there; null = absent */
  changed: (members: readonly { path: string; was: string | null; is: string | null }[]): I18n =>
    members.length === 0
      ? { zh: '文本不同', en: 'the text differs' }
      : {
          zh: members.map((m) => `${m.path} 原为 ${m.was ?? '无'},现为 ${m.is ?? '无'}`).join(';'),
          en: members.map((m) => `${m.path} was ${m.was ?? 'absent'} and is ${m.is ?? 'absent'}`).join('; '),
        },
  inserted: {
    zh: '位于已签名的事件之间,但未经签名',
    en: 'stands between signed events and was not signed',
  },
  sequence: (source: string, number: number, before: number): I18n => ({
    zh: `${source} 的序号 ${before} 之后为 ${number}`,
    en: `number ${number} of ${source} follows ${before}`,
  }),
  unreadable: (from: number, to: number): I18n =>
    from === to
      ? { zh: `无法读取事件 ${from}`, en: `event ${from} cannot be read` }
      : { zh: `无法读取事件 ${from} 至 ${to}`, en: `events ${from} to ${to} cannot be read` },
  oddNumbers: (table: string, column: string, count: number): I18n => ({
    zh: `表 ${table} 的列 ${column} 中有 ${count} 个数不小于 2^53,产线从不写入这样的数`,
    en: `table ${table}, column ${column}: ${count} numbers of 2^53 or more, which no line writes`,
  }),
  schema: ({ what, type, name }: Pick<SchemaDifference, 'what' | 'type' | 'name'>): I18n => ({
    zh: `${{ missing: '缺失', altered: '被修改', foreign: '外来' }[what]}:${TYPES[type] ?? type} ${name}`,
    en: `${what} ${type} ${name}`,
  }),

  // The tree
  otherRoot: (counted: number, count: number): I18n => ({
    zh: `存储库计有 ${counted} 条事件,且树根不同;现有 ${count} 条`,
    en: `the store counted ${counted} events with another root; there are ${count}`,
  }),
  otherRootInPlant: (counted: number, count: number): I18n => ({
    zh: `工厂计有 ${counted} 条事件,且树根不同;现有 ${count} 条`,
    en: `the plant counted ${counted} events with another root; there are ${count}`,
  }),
  leaf: { zh: '表中的叶哈希不是该事件的哈希', en: 'the leaf hash in the table is not that of the event' },
  tilesEnd: (after: number, size: number): I18n => ({
    zh: `哈希瓦片止于第 ${after} 条,已签名 ${size} 条事件`,
    en: `hash tiles end after ${after} of ${size} signed events`,
  }),
  tilesEndThere: (size: number): I18n => ({
    zh: `哈希瓦片止于已签名的第 ${size} 条事件`,
    en: `hash tiles end after ${size} signed events`,
  }),
  tileDiffers: (tile: number, position: number): I18n => ({
    zh: `0 级哈希瓦片 ${tile} 在事件 ${position} 处不同;事件本身与签名一致`,
    en: `hash tile ${tile} of level 0 differs at event ${position}; the events themselves are as signed`,
  }),
  upperTiles: (size: number): I18n => ({
    zh: `叶以上的哈希瓦片不能得出 ${size} 条事件的树根`,
    en: `hash tiles above the leaves do not lead to the root over ${size} events`,
  }),

  // Checkpoints and stamps
  line: (file: string, line: number): I18n => ({ zh: `${file} 第 ${line} 行`, en: `${file} line ${line}` }),
  inItsPlace: (name: string): I18n => ({
    zh: `${name}(产线发现它占据了检查点的位置)`,
    en: `${name}, which the line found in place of its checkpoint`,
  }),
  wrongCosignature: (witness: string, size: number): I18n => ({
    zh: `${witness} 对 ${size} 条事件的见证签名错误`,
    en: `the cosignature of ${witness} over ${size} events is wrong`,
  }),
  wrongCosignatureOf: (witness: string): I18n => ({
    zh: `${witness} 的见证签名错误`,
    en: `the cosignature of ${witness} is wrong`,
  }),
  unsigned,
  unsignedHead: (
    size: number,
    keys: readonly Pick<VerifierKey, 'name' | 'vkey'>[],
    origin: string,
  ): I18n => ({
    zh: `${size} 条事件,${unsigned(keys, origin).zh}`,
    en: `over ${size} events, ${unsigned(keys, origin).en}`,
  }),
  checkpointOver: (size: number): I18n => ({
    zh: `${size} 条事件的检查点`,
    en: `the checkpoint over ${size} events`,
  }),
  keptAsLarger: (size: number, over: number): I18n => ({
    zh: `作为 ${size} 条事件保存的检查点实为 ${over} 条`,
    en: `the checkpoint kept as one over ${size} events is over ${over}`,
  }),
  twoLogs: (size: number, one: I18n, other: I18n): I18n => ({
    zh: `对 ${size} 条事件签署过两份不同的日志:${one.zh} 与 ${other.zh}`,
    en: `two different logs of ${size} events were signed: ${one.en} and ${other.en}`,
  }),
  unreadableLine: { zh: '无法读取', en: 'cannot be read' },
  backwards: (size: number, largest: number): I18n => ({
    zh: `在 ${largest} 条事件的检查点之后又为 ${size} 条`,
    en: `${size} events after a checkpoint of ${largest}`,
  }),
  noCheckpointFile: (lines: number): I18n => ({
    zh: `文件缺失,而已签署过 ${lines} 个`,
    en: `the file is missing, and ${lines} were signed`,
  }),
  beyondLines: (size: number, largest: number): I18n => ({
    zh: `${size} 条事件,而 checkpoints.jsonl 止于 ${largest}`,
    en: `over ${size} events, and checkpoints.jsonl ends at ${largest}`,
  }),
  older: (size: number, largest: number): I18n => ({
    zh: `是较早的一个,${size} 条事件,而 checkpoints.jsonl 止于 ${largest}`,
    en: `an older one, over ${size} events, and checkpoints.jsonl ends at ${largest}`,
  }),
  olderInItsPlace: {
    zh: '产线发现这个较早的文件占据了检查点的位置',
    en: 'the line found this older one in place of its checkpoint',
  },
  otherStamped: (time: string, size: number): I18n => ({
    zh: `${time} 加盖时间戳的是另一份含 ${size} 条事件的日志`,
    en: `at ${time} another log of ${size} events was stamped`,
  }),

  // Columns of an event
  notCanonical: { zh: '文本不是规范 JSON', en: 'the text is not canonical JSON' },
  notAnEvent: { zh: '文本不是事件', en: 'the text is not an event' },
  column: (name: string, found: unknown, expected: unknown): I18n => {
    const [is, be] = values(found, expected)
    return {
      zh: `${name} 在表中为 ${is},在事件中为 ${be}`,
      en: `${name} is ${is} in the table and ${be} in the event`,
    }
  },

  // Inspection records
  noRecord: { zh: '检测记录不存在', en: 'the inspection record is gone' },
  noEvent: { zh: '记录没有对应的事件', en: 'a record without an event' },
  unreadableRecord: { zh: '无法读取记录', en: 'the record cannot be read' },
  inRecord: (name: string, found: unknown, expected: unknown): I18n => {
    const [is, be] = values(found, expected)
    return {
      zh: `${name} 在记录中为 ${is},在事件中为 ${be}`,
      en: `${name} is ${is} in the record and ${be} in the event`,
    }
  },
  inCapture: (name: string, found: unknown, expected: unknown): I18n => {
    const [is, be] = values(found, expected)
    return {
      zh: `${name} 在记录中为 ${is},在所存采集内容中为 ${be}`,
      en: `${name} is ${is} in the record and ${be} in the stored capture`,
    }
  },
  otherCapture: {
    zh: '所存采集内容不是生成该事件的那一份',
    en: 'the stored capture is not the one the event was made from',
  },
  capture: (path: string): I18n => ({
    zh: `所存采集内容给出不同的 ${path}`,
    en: `the stored capture gives another ${path}`,
  }),
  childRows: (table: string, path: string): I18n => ({
    zh: `${table} 的行与所存采集内容不同${path === '' ? '' : `(${path})`}`,
    en: `the ${table} rows differ from the stored capture${path === '' ? '' : ` at ${path}`}`,
  }),
  imageRows: (path: string): I18n => ({
    zh: `图像的行与事件不同${path === '' ? '' : `(${path})`}`,
    en: `the image rows differ from the event${path === '' ? '' : ` at ${path}`}`,
  }),
  gate: (trigger: number, served: boolean): I18n => ({
    zh: `剔除机构未执行触发 ${trigger},而记录${served ? '写明已执行' : '未写明'}`,
    en: `the gate was not served for trigger ${trigger}, and ${served ? 'the record says that it was' : 'the record does not say so'}`,
  }),

  // Images
  deletedUntold: (name: I18n): I18n => ({
    zh: `${name.zh} 标为已删除,但没有事件说明`,
    en: `${name.en} is said to be deleted, and no event says so`,
  }),
  deletedUntoldInBundle: (name: I18n): I18n => ({
    zh: `${name.zh} 标为已删除,但证据包中没有事件说明`,
    en: `${name.en} is said to be deleted, and no event in the bundle says so`,
  }),
  missing: (name: string): I18n => ({ zh: `${name} 缺失`, en: `${name} is missing` }),
  otherHash: (name: I18n, sha256: string): I18n => ({
    zh: `${name.zh} 的哈希为 ${sha256}`,
    en: `${name.en} has the hash ${sha256}`,
  }),
  image: (sha256: string): I18n => ({ zh: `图像 ${sha256}`, en: `image ${sha256}` }),
  unknownImage: (sha256: string): I18n => ({
    zh: `存储库中没有图像 ${sha256}`,
    en: `image ${sha256} is not known to the store`,
  }),
  notInBundle: (sha256: string): I18n => ({
    zh: `证据包中没有图像 ${sha256}`,
    en: `image ${sha256} is not in the bundle`,
  }),
  retention: (path: string, result: string, retention: string): I18n => ({
    zh: `${path} 所示工件的判定为 ${result},其保留类别却是 ${retention} 而不是 ng`,
    en: `${path} shows a part with the verdict ${result}, and its retention is ${retention} in place of ng`,
  }),
  deletedAs: (sha256: string, result: string, of: string): I18n => ({
    zh: `图像 ${sha256} 所示工件的判定为 ${result},却按类别 ${of} 删除`,
    en: `image ${sha256} shows a part with the verdict ${result}, and was deleted as one of the class ${of}`,
  }),

  // Bundles
  notListed: { zh: '不在已签名的清单中', en: 'is not in the list that was signed' },
  otherThanSigned: { zh: '不是已签名的那条事件', en: 'is not the event that was signed' },
  wrongProof: {
    zh: '事件与证明不能得出已签名的树根',
    en: 'event and proof do not lead to the signed root',
  },
  notBundled: { zh: '已签名,但不在证据包中', en: 'was signed and is not in the bundle' },
  unsignedList: { zh: '证据包的清单未由日志签名', en: 'the list of the bundle is not signed by the log' },
  otherList: {
    zh: '序列号或图像与清单所列不符',
    en: 'serial or images are not those that the list names',
  },
} satisfies Record<string, I18n | ((...args: never[]) => I18n)>
