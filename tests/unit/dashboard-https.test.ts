import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AccountBook } from '../../bin/accounts/account-book.ts'
import { CertificateWatch } from '../../bin/setup/certificate.ts'
import { checkPorts } from '../../bin/setup/free-ports.ts'
import { lineSchema } from '../../contracts/index.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'

const PASSWORD = 'a long password'
const DAY_MS = 86_400_000

interface Answer {
  status: number
  text: string
  cookie: string
  /** Common name of the certificate that was shown. */
  shownBy: string
}

/** As a browser of another machine asks: by the name of this one. */
function ask(port: number, path: string, { ca, body }: { ca: string; body?: object }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: '127.0.0.1',
        port,
        path,
        ca: readFileSync(ca),
        agent: false,
        method: body ? 'POST' : 'GET',
        headers: { host: `${hostname()}:${port}`, ...(body && { 'content-type': 'application/json' }) },
      },
      (res) => {
        const shownBy = String((res.socket as TLSSocket).getPeerCertificate().subject.CN)
        let text = ''
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            text,
            cookie: String(res.headers['set-cookie'] ?? ''),
            shownBy,
          }),
        )
      },
    )
    req.on('error', reject)
    req.end(body && JSON.stringify(body))
  })
}

/** Certificates made with OpenSSL. */
describeWith('openssl', commandPresent('openssl', ['version']), 'pages by https', () => {
  let dir: string
  const at = (name: string): string => join(dir, name)
  const make = (name: string, ...more: string[]): void =>
    void execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 30 -keyout ${name}.key -out ${name}.crt`
        .split(' ')
        .concat('-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${hostname()}`, ...more),
      { cwd: dir, stdio: 'pipe' },
    )
  /** What the line file names. */
  const put = (certificate: string, key = certificate): void => {
    copyFileSync(at(`${certificate}.crt`), at('served.crt'))
    copyFileSync(at(`${key}.key`), at('served.key'))
  }
  const files = () => ({ certificate: at('served.crt'), key: at('served.key') })
  const open = async (): Promise<Served & { watch: CertificateWatch; httpsPort: number }> => {
    const watch = new CertificateWatch(files(), 20)
    const served = await serve(1, {
      https: { host: '127.0.0.1', port: 0, certificate: watch },
      accounts: book,
    })
    return { ...served, watch, httpsPort: served.httpsPort ?? 0 }
  }
  let book: AccountBook
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sightline-https-'))
    for (const name of ['first', 'second']) make(name, '-nodes')
    make('locked', '-passout', 'pass:secret')
    book = AccountBook.open(dir)
    const by = { by: 'test', from: 'here' }
    await book.add({ id: 'li', name: 'Li Wei', role: 'qa', password: PASSWORD }, by)
  })
  afterAll(() => {
    book.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('takes a password of another machine, which the other port refuses', async () => {
    put('first')
    const { url, port, httpsPort, dashboard, watch } = await open()
    const signIn = { account: 'li', password: PASSWORD }
    const signed = await ask(httpsPort, '/api/me/sign-in', { ca: at('first.crt'), body: signIn })
    expect(signed).toMatchObject({ status: 200, shownBy: 'first' })
    expect(signed.cookie).toMatch(/; Secure$/)
    expect(JSON.parse((await ask(httpsPort, '/api/me', { ca: at('first.crt') })).text)).toMatchObject({
      role: 'viewer',
    })
    const plain = await fetch(`${url}/api/me/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '10.0.0.9' },
      body: JSON.stringify(signIn),
    })
    expect([plain.status, await plain.text()]).toEqual([401, expect.stringContaining('dashboard.https')])
    expect((await fetch(`http://127.0.0.1:${port}/api/me`)).status).toBe(200)
    await dashboard.close()
    watch.close()
    await expect(ask(httpsPort, '/api/me', { ca: at('first.crt') })).rejects.toThrow(/ECONNREFUSED/)
  })

  it('ends though somebody connected and says nothing', async () => {
    put('first')
    const { httpsPort, dashboard, watch } = await open()
    const silent = connect(httpsPort, '127.0.0.1')
    const ended = new Promise((resolve) => silent.on('error', resolve).on('close', resolve))
    await once(silent, 'connect')
    // Whoever says nothing is put out after 10 s.
    const late = setTimeout(9_000, 'late', { ref: false })
    expect(await Promise.race([dashboard.close(), late])).toBeUndefined()
    await ended
    watch.close()
  }, 60_000)

  it('shows a renewed certificate without a new start, and the old one as long as the new one is not in order', async () => {
    put('first')
    const { httpsPort, dashboard, watch } = await open()
    const says = (): string => watch.degraded().map(({ text }) => text.en)[0] ?? ''
    truncateSync(at('served.crt'), 100)
    await expect.poll(says).toMatch(/^the certificate of before is still served: CFG_INVALID/)
    put('second', 'first')
    await expect.poll(says).toMatch(/served\.key.*the private key of the first certificate .*another/)
    expect((await ask(httpsPort, '/api/me', { ca: at('first.crt') })).shownBy).toBe('first')
    put('second')
    await expect.poll(() => watch.degraded()).toEqual([])
    expect((await ask(httpsPort, '/api/me', { ca: at('second.crt') })).shownBy).toBe('second')
    await dashboard.close()
    watch.close()
  })

  it('lets the line start without one, says why, and serves it when it is there', async () => {
    for (const [prepare, said] of [
      [() => rmSync(at('served.crt')), /CFG_MISSING_FILE: .*served\.crt.*a certificate/],
      [() => writeFileSync(at('served.key'), ''), /CFG_INVALID: .*served\.key.*a private key in PEM/],
      [() => put('locked'), /CFG_INVALID: .*served\.key.*without a passphrase/],
    ] as const) {
      put('first')
      prepare()
      const { url, httpsPort, dashboard, watch } = await open()
      const [{ id, text } = { id: '', text: { en: '', zh: '' } }] = watch.degraded()
      expect([id, text.en]).toEqual(['https', expect.stringMatching(said)])
      expect(text.en).toMatch(/^no page is served by https/)
      expect(text.zh).toMatch(/^无法通过 https 提供页面:CFG_/)
      expect((await fetch(`${url}/api/me`)).status).toBe(200)
      await expect(ask(httpsPort, '/api/me', { ca: at('first.crt') })).rejects.toThrow()
      put('first')
      await expect.poll(() => watch.current).not.toBeNull()
      expect((await ask(httpsPort, '/api/me', { ca: at('first.crt') })).status).toBe(200)
      await dashboard.close()
      watch.close()
    }
  })

  it('says two weeks before when a certificate expires', () => {
    put('first')
    const watch = new CertificateWatch(files())
    const after = (days: number): string =>
      watch.degraded(Date.now() + days * DAY_MS).map(({ text }) => text.en)[0] ?? ''
    expect([after(0), after(15)]).toEqual(['', ''])
    expect(after(17)).toMatch(/^the certificate for https expires on \d{4}-\d\d-\d\d$/)
    expect(after(31)).toMatch(/^the certificate for https expired on .*: browsers and programs refuse it$/)
    watch.close()
  })
})

it('names the port for https that is taken', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  const spec = lineSchema.parse({
    line: 'l',
    plant: 'p',
    title: { en: 'l', zh: 'l' },
    dashboard: { port: 0, https: { host: '127.0.0.1', port, certificate: 'a.crt', key: 'a.key' } },
    stations: [{ id: 's', recipe: 'r@1', budgetMs: 100, camera: { adapter: 'http-push', port: 0 } }],
  })
  await expect(checkPorts(spec)).rejects.toMatchObject({
    code: 'CFG_PORT_IN_USE',
    detail: { path: 'dashboard.https.port' },
  })
  await new Promise((resolve) => other.close(resolve))
})
