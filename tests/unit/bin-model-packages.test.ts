import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { addModels } from '../../bin/commands/models.ts'
import { type Environment, readEnvironment } from '../../bin/setup/environment.ts'
import { freeVersion } from '../../bin/teach/model-version.ts'
import { type ToyPackage, writeToyPackage } from '../suites/toy-models.ts'

let toy: ToyPackage
let dir: string
let environment: Environment
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sightline-packages-'))
  toy = await writeToyPackage({
    toy: { kind: 'classification', gain: [1, -1], bias: [0, 1] },
    id: 'toy-kinds',
  })
  environment = { ...readEnvironment({ SIGHTLINE_DATA_DIR: dir }), models: [toy.root] }
})
afterAll(async () => {
  await toy.remove()
  await rm(dir, { recursive: true })
})

it('takes the version of the float model for its int8 variant where it is free, else the next', async () => {
  const like = async (version: string) => freeVersion('toy-kinds', undefined, environment, { like: version })
  expect(await like('2.0.0')).toBe('2.0.0')
  expect(await like('1.0.0')).toBe('1.1.0')
  expect(await freeVersion('toy-kinds', undefined, environment)).toBe('1.1.0')
  expect(await freeVersion('toy-other', undefined, environment)).toBe('1.0.0')
})

it('warns of a second package of one network whose labels say something else', async () => {
  await writeFile(join(dir, 'key.pem'), toy.privateKeyPem)
  const plain = sharp({ create: { width: 8, height: 8, channels: 3, background: '#777' } })
  await writeFile(join(dir, '1.png'), await plain.toColourspace('b-w').png().toBuffer())
  const pack = async (out: string, labels: string[]): Promise<string> => {
    await writeFile(join(dir, 'card.json'), JSON.stringify({ ...toy.card, version: '1.1.0', labels }))
    const said: string[] = []
    const err = vi.spyOn(process.stderr, 'write').mockImplementation((t) => said.push(String(t)) > 0)
    const std = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    try {
      const program = new Command()
      addModels(program, environment)
      const key = ['--key', join(dir, 'key.pem'), '--key-id', 'toy']
      const files = ['--onnx', join(toy.root, 'toy.onnx'), '--card', join(dir, 'card.json')]
      const args = ['models', 'pack', ...files, '--golden', join(dir, '1.png'), '--out', out, ...key]
      await program.parseAsync(args, { from: 'user' })
    } finally {
      err.mockRestore()
      std.mockRestore()
    }
    return said.join('')
  }
  expect(await pack(join(dir, 'same'), toy.card.labels)).toBe('')
  expect(await pack(join(dir, 'apart', 'other'), toy.card.labels.toReversed())).toMatch(
    /^warning: toy-kinds is there with the same network and another meaning.*cardSha256.*\n {2}1\.1\.0 in .*other.*\n {2}1\.0\.0 in /,
  )
})
