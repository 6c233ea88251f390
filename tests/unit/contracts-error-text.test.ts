import { describe, expect, it } from 'vitest'
import { skipped } from '../../camera/trigger-counter.ts'
import { RestartBudget } from '../../camera/restart-budget.ts'
import { postgresError } from '../../traceability/plant/postgres-errors.ts'
import { CodedError, ERROR_CODES, type ErrorCode, errorText, toFact } from '../../contracts/index.ts'

describe('errorText', () => {
  it('says every code in Chinese', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const { zh, en } = errorText(toFact(new CodedError(code)))
      expect(en).toBe(`${code}: ${ERROR_CODES[code]}`)
      expect(zh).toMatch(new RegExp(`^${code}:[^;]*[\\u4e00-\\u9fff]`))
      expect(zh).not.toContain(ERROR_CODES[code])
    }
  })

  it('keeps place and values as they are', () => {
    const error = new CodedError('INS_CANARY', {
      path: 'local/0, good board',
      expected: 'pass with []',
      actual: 'fail with [short]',
    })
    expect(errorText(error)).toEqual({
      en: error.message,
      zh: 'INS_CANARY:已知答案的金丝雀图像判定不同(local/0, good board);应为 pass with [];实际为 fail with [short]',
    })
  })

  it('shows control characters, which would steer a terminal, as their numbers', () => {
    const error = new CodedError('TRC_KEY', { file: 'a\u001b[2J.pub', actual: 'b\u0007\u009bc\r\nd' })
    expect(error.message).toContain('(a\\u001b[2J.pub); found b\\u0007\\u009bc\\u000d\nd')
    expect(errorText(error).zh).toContain('a\\u001b[2J.pub')
  })

  it('says words that the error brings in Chinese, and what it does not bring as it is', () => {
    const detail = { path: 'a', expected: 'a free part', actual: 'H-1', hint: 'release it' }
    const held = new CodedError('TRC_HELD', { ...detail, zh: { expected: '未隔离的工件', hint: '请先解除' } })
    expect(errorText(held)).toEqual({
      en: 'TRC_HELD: a hold or its disposition keeps the part back (a); expected a free part; found H-1; release it',
      zh: 'TRC_HELD:工件被隔离或其处置不允许(a);应为 未隔离的工件;实际为 H-1;请先解除',
    })
  })

  it('shows control characters in the Chinese words, too', () => {
    const held = new CodedError('TRC_HELD', { actual: 'a\u001b[2J', zh: { hint: '解除\u0007' } })
    expect(errorText(held).zh).toBe('TRC_HELD:工件被隔离或其处置不允许;实际为 a\\u001b[2J;解除\\u0007')
  })

  it('says what was expected whole where it has a semicolon, and of names with a space', () => {
    const stands = { expected: 'a fact that can be taken back; a hold is ended by a release', actual: 'hold' }
    const said = 'TRC_GENEALOGY:谱系事实与已有记录矛盾;应为 可以撤回的事实;隔离须用解除来结束;实际为 hold'
    expect(errorText(new CodedError('TRC_GENEALOGY', stands)).zh).toBe(said)
    const advised = new CodedError('TRC_GENEALOGY', { ...stands, hint: 'correct the correction' })
    expect(errorText(advised).zh).toBe(`${said};请更正最新的更正`)
    const looked = { expected: 'a decision about the last inspection of unit/SN 1, which has none' }
    expect(errorText(new CodedError('TRC_GENEALOGY', looked)).zh).toContain('针对 unit/SN 1 最近一次检测')
  })

  it('says in Chinese where to look when the counter of a PLC is read wrongly', () => {
    expect(errorText(skipped(2, 65_536)).zh).toBe(
      'CAM_GAP:帧计数跳号;实际为 触发 2 至 65536 未到达;计数每次增加 65536 的倍数:PLC 计数器读取有误;请检查 `baseRegister` 以及 32 位值的字序(高位字在前)',
    )
    const hint =
      'these stay unexplained in the balance; check the trigger counter of the device: it was reset or read wrongly (of a PLC check `baseRegister` and the order of the words of a 32-bit value, high word first)'
    const audit = {
      expected: 'at most 12000 lost triggers in 60 s',
      actual: '65535 of station s in 60 s: 2 to 65536',
    }
    expect(errorText(new CodedError('EVT_SEQUENCE', { ...audit, hint })).zh).toBe(
      'EVT_SEQUENCE:事件序号有缺口;应为 60 s 内至多丢失 12000 个触发;实际为 工位 s 在 60 s 内 65535 个:2 至 65536;这些触发在平衡中保持未解释;请检查设备的触发计数器:已被复位或读取有误(PLC 请检查 `baseRegister` 以及 32 位值的字序,高位字在前)',
    )
  })

  it('says in Chinese why a part is held whose code is no serial or whose picture has 16 bits', () => {
    const code = {
      actual: '"板子-001"',
      hint: 'the code is not an identity; point the tool at the right symbol',
    }
    const expected = '1 to 128 printable ASCII characters without blanks'
    expect(errorText(new CodedError('TRC_IDENTITY', { ...code, expected })).zh).not.toMatch(/[a-z]{4}/)
    const depth = { expected: '8 bits per channel', actual: '16 bits' }
    const said = errorText(
      new CodedError('INS_IMAGE_FORMAT', {
        ...depth,
        hint: 'have the camera send 8 bits, or convert the files',
      }),
    ).zh
    expect(said).toBe(
      'INS_IMAGE_FORMAT:不支持的像素格式;应为 每通道 8 位;实际为 16 位;请让相机发送 8 位图像,或转换文件',
    )
  })

  it('takes a message that is not in the common form as a fact', () => {
    expect(errorText({ code: 'CAM_GONE', message: 'usb 3-1 unplugged' }).zh).toBe(
      'CAM_GONE:相机或读码器在运行中断开;实际为 usb 3-1 unplugged',
    )
    // As the recorded gate says it: the code stands once.
    expect(errorText({ code: 'INS_DEADLINE', message: 'INS_DEADLINE: 3 ms too late' }).zh).toBe(
      'INS_DEADLINE:判定未按时完成;实际为 3 ms too late',
    )
  })

  it.each([
    ['read only', 'cannot execute nextval() in a read-only transaction', '25006'],
    ['away', 'connect ECONNREFUSED 10.0.0.9:5432', 'ECONNREFUSED'],
    ['a certificate', 'certificate has expired', 'CERT_HAS_EXPIRED'],
    ['a file of the URL', "ENOENT: no such file or directory, open '/etc/ca.crt'", 'ENOENT'],
    ['a pooler', 'unsupported startup parameter: statement_timeout', '08P01'],
    ['rights', 'permission denied for table event', '42501'],
    ['a full disk', 'could not extend file', '53100'],
  ])('advises in Chinese where the store of the plant fails: %s', (_, message, code) => {
    const error = postgresError({ message, code, constraint: '' }, 'TRC_WRITE', 'db/plant')
    const { zh } = errorText(toFact(error))
    expect(zh).toContain(message)
    expect(zh.split(`(${code})`)[1]).toMatch(/^;[^;]*请/)
    expect(zh.split(`(${code})`)[1]).not.toMatch(/[a-z]{3,} [a-z]{3,}/)
  })

  it.each([
    {
      expected: 'a decision about the last inspection of unit/SN4, which has none',
      actual: 'X',
      hint: 'look at what was found since, then decide',
    },
    { expected: 'a genealogy without cycles', hint: 'one of these links is wrong; supersede it first' },
    { expected: 'https://id.gs1.org/01/0/21/4 in urn:sightline:pallet:X9', actual: 'it is not packed there' },
    {
      expected: 'a fact that still stands',
      actual: 'X, superseded at position 7',
      hint: 'correct the correction',
    },
    { expected: 'a part that was inspected', actual: 'X' },
    {
      expected: 'the 9 events that the plant received',
      actual: 'a log of 4: the data directory was replaced, or restored from an older copy',
    },
  ])('refuses what a person states in Chinese, with and without its words: $expected', (detail) => {
    const error = new CodedError('TRC_GENEALOGY', detail)
    for (const fact of [toFact(error), { code: error.code, message: error.message }])
      expect(errorText(fact).zh).not.toMatch(/[a-z]{2,} [a-z]{2,}/)
  })

  it('says the common facts in Chinese, and leaves values alone', () => {
    const zh = (detail: object): string => errorText(toFact(new CodedError('API_REQUEST', detail))).zh
    expect(zh({ path: 'query: limit', expected: 'a whole number from 1 to 200', actual: '"1e3"' })).toBe(
      'API_REQUEST:请求格式错误(query: limit);应为 1 到 200 的整数;实际为 "1e3"',
    )
    expect(zh({ path: 'body', expected: 'object', actual: 'nothing' })).toBe(
      'API_REQUEST:请求格式错误(body);应为 对象;实际为 无',
    )
    expect(zh({ expected: 'one of "a", "b"', actual: 'unknown key "x"' })).toBe(
      'API_REQUEST:请求格式错误;应为 以下之一:"a", "b";实际为 未知的键 "x"',
    )
    expect(
      zh({ expected: 'string <= 512', actual: 'L1; found nothing', hint: 'wait for it or cancel it' }),
    ).toBe('API_REQUEST:请求格式错误;应为 文本长度 ≤ 512;实际为 L1; found nothing;请等待其完成,或先取消')
    const gate = new CodedError('CAM_IO', {
      path: '10.0.0.5:502',
      expected: 'a heartbeat of the PLC that goes on changing',
      actual: '7',
      hint: 'check that the PLC runs and its address is right',
    })
    expect(errorText(toFact(gate)).zh).toBe(
      'CAM_IO:产线设备(PLC、读码器、消息代理等)无法连接或应答错误(10.0.0.5:502);应为 持续变化的 PLC 心跳;实际为 7;请检查 PLC 是否运行、地址是否正确',
    )
    const lost = new CodedError('CAM_GONE', { actual: 'rtsp://c: no frame for 5000 ms', hint: 'x | y' })
    const away = new RestartBudget({ max: 5, withinMs: 60_000 }).exhausted(lost)
    expect(errorText(toFact(away)).zh).toBe(
      'CAM_RESTARTS_EXHAUSTED:图像源的重启次数已用完;应为 60000 ms 内至多重启 5 次;实际为 rtsp://c: no frame for 5000 ms: x | y;请检查相机、其线缆、地址与密码;相机将自动重新打开',
    )
    // A name of ours is no word.
    expect(zh({ expected: 'constructor', actual: 'lot "none"' })).toContain(
      '应为 constructor;实际为 lot "none"',
    )
    const whole = `API_REQUEST: ${ERROR_CODES.API_REQUEST} and something else`
    expect(errorText({ code: 'API_REQUEST', message: whole }).zh).toBe(
      'API_REQUEST:请求格式错误 and something else',
    )
    expect(zh({ actual: 'a\nb; c' })).toBe('API_REQUEST:请求格式错误;实际为 a\nb;c')
  })

  it('has the words of a clock that was put back, of a checkpoint that went, and of a disk that cannot be written', () => {
    const clock = new CodedError('TRC_CLOCK', {
      expected: 'a time past the last checkpoint, 2026-12-01T04:28:48.526Z',
      actual: 'an earlier one',
      hint: 'records of that time overlap; the log is signed on, in the order of its events',
    })
    expect(errorText(toFact(clock)).zh).toBe(
      'TRC_CLOCK:系统时钟被回拨;应为 晚于最近检查点 2026-12-01T04:28:48.526Z 的时间;实际为 更早的时间;该时段的记录会重叠;日志按事件顺序继续签名',
    )
    const gone = new CodedError('TRC_CHECKPOINT', {
      expected: 'the note that this line wrote there last',
      actual: 'an older note',
      hint: 'it is written again; what stood there is kept as checkpoint.damaged-1',
    })
    expect(errorText(toFact(gone)).zh).toMatch(/将重新写入;原有内容保存为 checkpoint\.damaged-1$/)
    for (const hint of [
      'free space on the volume of the data directory; `df -i` says whether it is out of inodes',
      'check that the directory exists and may be written',
    ])
      expect(errorText(toFact(new CodedError('TRC_DISK_FULL', { actual: 'x', hint }))).zh).toMatch(
        /;请[^a-z]*/,
      )
  })

  it('has the words of a gate that was not served, with and without the code in front', () => {
    const late = 'the result of trigger 35 came 53.3 ms too late'
    for (const message of [late, `INS_DEADLINE: ${late}`])
      expect(errorText({ code: 'INS_DEADLINE', message }).zh).toBe(
        'INS_DEADLINE:判定未按时完成;实际为 触发 35 的结果晚到 53.3 ms',
      )
    const unknown = 'the result of 7 was not written in time; the PLC has never counted that trigger'
    expect(errorText({ code: 'INS_DEADLINE', message: unknown }).zh).toBe(
      'INS_DEADLINE:判定未按时完成;实际为 触发 7 的结果未能及时写入;PLC 从未计到该触发',
    )
  })
})
