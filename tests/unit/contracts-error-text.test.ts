import { describe, expect, it } from 'vitest'
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

  it('takes a message that is not in the common form as a fact', () => {
    expect(errorText({ code: 'CAM_GONE', message: 'usb 3-1 unplugged' }).zh).toBe(
      'CAM_GONE:相机在运行中断开;实际为 usb 3-1 unplugged',
    )
    // As the recorded gate says it: the code stands once.
    expect(errorText({ code: 'INS_DEADLINE', message: 'INS_DEADLINE: 3 ms too late' }).zh).toBe(
      'INS_DEADLINE:判定未按时完成;实际为 3 ms too late',
    )
  })
})
