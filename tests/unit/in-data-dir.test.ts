import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lockDataDir } from '../../bin/setup/data-dir-lock.ts'
import { inDataDir, postToLine } from '../../bin/setup/in-data-dir.ts'
import { announceLine } from '../../bin/setup/line-address.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-in-dir-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const both = {
  throughLine: (url: string) => postToLine<{ sum: number }>(url, '/api/sum', [1, 2]),
  alone: () => Promise.resolve('alone'),
}
/** As if the process that started this one worked there. */
function occupied(): void {
  const unlock = lockDataDir(dir)
  const [, boot = ''] = readFileSync(join(dir, 'lock'), 'utf8').split(' ')
  unlock()
  writeFileSync(join(dir, 'lock'), `${process.ppid} ${boot}`)
}

it('works alone where nobody does, and gives the folder back, also when that fails', async () => {
  expect(await inDataDir<unknown>(dir, both)).toBe('alone')
  const refused = inDataDir(dir, { ...both, alone: () => Promise.reject(new Error('refused')) })
  await expect(refused).rejects.toThrow('refused')
  expect(existsSync(join(dir, 'lock'))).toBe(false)
})

it('asks the line that works there, and says what it answers', async () => {
  const bodies: string[] = []
  const server = createServer((req, res) => {
    req.on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
    req.on('end', () => res.writeHead(409).end('{"message":"not now"}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  occupied()
  announceLine(dir, { url, plant: 'p1', line: 'caps-a' })
  expect(await inDataDir<unknown>(dir, both)).toEqual({ status: 409, answer: { message: 'not now' } })
  expect(bodies).toEqual(['[1,2]'])
  await new Promise((resolve) => server.close(resolve))
  // The line is there and does not answer any more.
  await expect(inDataDir<unknown>(dir, both)).rejects.toMatchObject({
    code: 'CFG_DATA_DIR',
    detail: { expected: `the line at ${url}`, actual: 'no answer' },
  })
})

it('refuses where another program works that has no address', async () => {
  occupied()
  await expect(inDataDir<unknown>(dir, both)).rejects.toMatchObject({ code: 'CFG_DATA_DIR' })
})
