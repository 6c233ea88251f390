import { afterEach, describe, expect, it, vi } from 'vitest'
import { CodedError, fromFact, toFact, toWordedFact } from '../../contracts/index.ts'
import { ApiError, codedText, getJson } from '../../dashboard/web/api/client.ts'

describe('codedText', () => {
  const gone = new CodedError('CAM_GONE', { expected: 'usb 3-1', actual: 'nothing' })
  const said = {
    code: 'CAM_GONE',
    text: {
      en: 'the camera or reader disappeared while running; expected usb 3-1; found nothing',
      zh: '相机或读码器在运行中断开;应为 usb 3-1;实际为 无',
    },
  }

  it('says a fact of the server and the bare message of one alike, without the code', () => {
    expect(codedText(toFact(gone))).toEqual(said)
    expect(codedText(gone.message)).toEqual(said)
    expect(codedText(new ApiError('CAM_GONE', 500, gone.message, `CAM_GONE:${said.text.zh}`))).toMatchObject(
      said,
    )
  })

  it('says in Chinese what an error had in Chinese on the other side of a thread or a file', () => {
    const error = new CodedError('TCH_IMAGES', {
      expected: 'good images',
      actual: '1',
      cause: new Error('not to be told'),
      zh: { expected: '良品图像' },
    })
    const kept = JSON.parse(JSON.stringify(toWordedFact(error))) as ReturnType<typeof toWordedFact>
    expect(kept.detail).toEqual({ expected: 'good images', actual: '1', zh: { expected: '良品图像' } })
    const again = fromFact(kept)
    expect(again.message).toBe(error.message)
    for (const one of [kept, toWordedFact(again)])
      expect(codedText(one)?.text.zh).toMatch(/;应为 良品图像;实际为 1$/)
  })

  it('leaves what has no code as it is', () => {
    expect(codedText('HTTP 422 from a hook')).toBeNull()
    expect(codedText(new Error('broken'))).toBeNull()
    expect(codedText({ code: 'odd', message: 'of another program' })).toEqual({
      code: 'odd',
      text: { en: 'of another program', zh: 'of another program' },
    })
  })
})

describe('an answer that is none of the server', () => {
  afterEach(() => void vi.unstubAllGlobals())

  // As nginx 1.26 gives them.
  it.each([
    [502, 'Bad Gateway'],
    [413, 'Request Entity Too Large'],
    [200, 'OK'],
  ])('%i %s is said in words, not in markup', async (status, statusText) => {
    const page = `<html>\r\n<head><title>${status} ${statusText}</title></head>\r\n<body>\r\n`
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(page, { status, statusText })))
    const error = await getJson('/api/line').catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ApiError)
    expect(codedText(error)).toMatchObject({
      code: `HTTP_${status}`,
      status,
      text: {
        en: `another program answered in place of the server, as a proxy does: ${status} ${statusText}`,
        zh: `应答来自其他程序(如代理),而非本服务器:${status} ${statusText}`,
      },
    })
  })
})
