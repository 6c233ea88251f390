import { CodedError, type I18n } from '../../contracts/index.ts'

/** Why the PLC took or refused a result. */
export const ACK_CODES = { none: 0, accepted: 1, late: 2, unknownTrigger: 3 } as const
export type AckCode = (typeof ACK_CODES)[keyof typeof ACK_CODES]

export const RESULT_CODES = { none: 0, release: 1, reject: 2, hold: 3 } as const
export type ResultAction = 'release' | 'reject' | 'hold'

/** Written by the PLC, read by us. */
export interface PlcBlock {
  /** Counts parts; kept over a power cut, never goes back. */
  trigger: number
  /** The trigger whose result was handled last, and what became of it. */
  ackTrigger: number
  ackCode: number
  heartbeat: number
}

/** Written by us in one request, read by the PLC. */
export interface PcBlock {
  ready: boolean
  busy: boolean
  fault: boolean
  resultTrigger: number
  resultCode: number
  resultValid: boolean
  heartbeat: number
}

export const PLC_OFFSET = 0
export const PLC_WORDS = 6
export const PC_OFFSET = 8
export const PC_WORDS = 8

/** The map for the PLC programmer: offsets from `baseRegister`, 32-bit values with the high word first. */
export const REGISTER_MAP: readonly { offset: number; words: 1 | 2; by: 'PLC' | 'PC'; meaning: I18n }[] = [
  {
    offset: 0,
    words: 2,
    by: 'PLC',
    meaning: {
      en: 'Trigger counter: +1 per part, retained over a power cut',
      zh: '触发计数:每件加 1,断电保持',
    },
  },
  {
    offset: 2,
    words: 2,
    by: 'PLC',
    meaning: { en: 'Acknowledged trigger: the result handled last', zh: '已应答的触发号:最近处理的结果' },
  },
  {
    offset: 4,
    words: 1,
    by: 'PLC',
    meaning: {
      en: 'Acknowledge: 1 accepted, 2 too late (part was rejected by default), 3 unknown trigger; written before 2, 3',
      zh: '应答:1 已接受,2 过迟(已默认剔除),3 未知触发号;先于 2、3 写入',
    },
  },
  {
    offset: 5,
    words: 1,
    by: 'PLC',
    meaning: {
      en: 'Heartbeat of the PLC: changes at least once a second; one that changed twice and then stands still for 5 s (heartbeatMs of the line file) counts as a lost link; never changed = none',
      zh: 'PLC 心跳:每秒至少变化一次;变化两次之后停住 5 s(产线文件的 heartbeatMs)视为连接中断;从不变化 = 无心跳',
    },
  },
  {
    offset: 8,
    words: 1,
    by: 'PC',
    meaning: { en: 'Ready: 1 = parts can be inspected', zh: '就绪:1 = 可以检测' },
  },
  {
    offset: 9,
    words: 1,
    by: 'PC',
    meaning: { en: 'Busy: 1 = results are outstanding', zh: '忙:1 = 有结果未完成' },
  },
  { offset: 10, words: 1, by: 'PC', meaning: { en: 'Fault: 1 = stop the line', zh: '故障:1 = 请停线' } },
  {
    offset: 11,
    words: 2,
    by: 'PC',
    meaning: { en: 'Trigger the result belongs to', zh: '结果所属的触发号' },
  },
  {
    offset: 13,
    words: 1,
    by: 'PC',
    meaning: { en: 'Result: 1 release, 2 reject, 3 hold', zh: '结果:1 放行,2 剔除,3 扣留' },
  },
  {
    offset: 14,
    words: 1,
    by: 'PC',
    meaning: { en: 'Result valid: 1 = registers 11 to 13 hold a result', zh: '结果有效:1 = 11 至 13 有结果' },
  },
  {
    offset: 15,
    words: 1,
    by: 'PC',
    meaning: { en: 'Heartbeat of the PC: changes at least twice a second', zh: 'PC 心跳:每秒至少变化两次' },
  },
]

const high = (n: number): number => Math.floor(n / 0x1_0000) & 0xffff
const low = (n: number): number => n & 0xffff
const join32 = (h: number | undefined, l: number | undefined): number => (h ?? 0) * 0x1_0000 + (l ?? 0)

export const encodePlc = (b: PlcBlock): number[] => [
  high(b.trigger),
  low(b.trigger),
  high(b.ackTrigger),
  low(b.ackTrigger),
  b.ackCode,
  b.heartbeat & 0xffff,
]

/** What some gateways answer for a device behind them that does not; no acknowledge has such a code. */
const ABSENT = 0xffff

/** @throws CAM_IO when nothing but 0xFFFF was read, which would be part 4,294,967,295 */
export function decodePlc(words: readonly number[]): PlcBlock {
  if (words.every((word) => word === ABSENT))
    throw new CodedError('CAM_IO', {
      expected: 'the registers of the PLC',
      actual: '0xFFFF in each',
      hint: 'a gateway answers so for a device that is not there: check the PLC behind it, and `baseRegister`',
      zh: {
        expected: 'PLC 的寄存器',
        actual: '全部为 0xFFFF',
        hint: '网关对不在线的设备如此应答:请检查其后的 PLC 以及 `baseRegister`',
      },
    })
  return {
    trigger: join32(words[0], words[1]),
    ackTrigger: join32(words[2], words[3]),
    ackCode: words[4] ?? 0,
    heartbeat: words[5] ?? 0,
  }
}

export const encodePc = (b: PcBlock): number[] => [
  Number(b.ready),
  Number(b.busy),
  Number(b.fault),
  high(b.resultTrigger),
  low(b.resultTrigger),
  b.resultCode,
  Number(b.resultValid),
  b.heartbeat & 0xffff,
]

export const decodePc = (words: readonly number[]): PcBlock => ({
  ready: words[0] === 1,
  busy: words[1] === 1,
  fault: words[2] === 1,
  resultTrigger: join32(words[3], words[4]),
  resultCode: words[5] ?? 0,
  resultValid: words[6] === 1,
  heartbeat: words[7] ?? 0,
})
