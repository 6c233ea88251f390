type Say = (...found: string[]) => string

/** Chinese of what is said about the trigger counter of a device; see `fact-words.ts`. */
export const COUNTER_WORDS: Readonly<Record<string, string>> = {
  'the link to the trigger source lost them': '与触发源的连接丢失了这些触发',
  'the count goes on by multiples of 65536: that of a PLC is read wrongly; check `baseRegister` and the order of the words of a 32-bit value, high word first':
    '计数每次增加 65536 的倍数:PLC 计数器读取有误;请检查 `baseRegister` 以及 32 位值的字序(高位字在前)',
  'these stay unexplained in the balance; check the trigger counter of the device: it was reset or read wrongly (of a PLC check `baseRegister` and the order of the words of a 32-bit value, high word first)':
    '这些触发在平衡中保持未解释;请检查设备的触发计数器:已被复位或读取有误(PLC 请检查 `baseRegister` 以及 32 位值的字序,高位字在前)',
  'a count that goes on by 1 a part': '每个工件增加 1 的计数',
}

export const COUNTER_PATTERNS: readonly (readonly [RegExp, Say])[] = [
  [/^trigger (\d+) never arrived$/, (n) => `触发 ${n} 未到达`],
  [/^triggers (\d+) to (\d+) never arrived$/, (from, to) => `触发 ${from} 至 ${to} 未到达`],
  [/^at most (\d+) lost triggers in (\d+) s$/, (n, s) => `${s} s 内至多丢失 ${n} 个触发`],
  [
    /^(\d+) of station (.+) in (\d+) s: (\d+) to (\d+)$/,
    (n, station, s, from, to) => `工位 ${station} 在 ${s} s 内 ${n} 个:${from} 至 ${to}`,
  ],
]
