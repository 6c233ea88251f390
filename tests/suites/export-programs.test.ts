import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { generateKeys, importModel } from '../../models/index.ts'
import { commandPresent } from '../services/require-service.ts'

/**
 * The programs that users run where their models were trained, on weights as they have them:
 *
 *   SIGHTLINE_PYTHON=ENV/bin/python npx vitest run tests/suites/export-programs.test.ts
 */
const root = join(import.meta.dirname, '../..')
const programs = join(root, 'models/export')
const python = process.env['SIGHTLINE_PYTHON']
const run = promisify(execFile)

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

interface Weights {
  file: string
  family: string
  flags?: string[]
}
const LIBRARIES: Record<string, Weights[]> = {
  ultralytics: [
    { file: 'detect.pt', family: 'yolo-detect' },
    { file: 'segment.pt', family: 'yolo-segment', flags: ['--threshold', '0.5'] },
    { file: 'classify.pt', family: 'yolo-classify', flags: ['--threshold', '0.3'] },
  ],
  torchvision: [
    {
      file: 'classify.pth',
      family: 'torchvision-classify',
      flags: '--model resnet18 --labels good,crack,stain --resize 128 --size 112 --threshold 0.3'.split(' '),
    },
    {
      file: 'segment.pth',
      family: 'torchvision-segment',
      flags: '--labels good,crack,stain --size 128x96 --background good'.split(' '),
    },
  ],
  anomalib: [{ file: 'map.ckpt', family: 'anomalib', flags: ['--model', 'Padim'] }],
}

it('the programs are in the npm package, and the documentation calls them by their names', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root })
  const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[]
  const shipped = packed?.files.map((f) => f.path) ?? []
  const setup = readFileSync(join(root, 'docs/SETUP.md'), 'utf8')
  for (const library of Object.keys(LIBRARIES)) {
    expect(shipped).toContain(`models/export/from_${library}.py`)
    expect(setup).toContain(`python from_${library}.py --weights`)
  }
  expect(shipped).toContain('models/export/reference.py')
})

// Python libraries of several GB: no machine is required to have them.
for (const [library, weights] of Object.entries(LIBRARIES)) {
  const present = python !== undefined && commandPresent(python, ['-c', `import ${library}, onnx`])
  const skipped = present ? '' : ` (skipped: no Python with ${library} and onnx in SIGHTLINE_PYTHON)`
  describe.skipIf(!present)(`exports of one's own weights by from_${library}.py${skipped}`, () => {
    let dir = ''
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'sightline-exports-'))
      await inPython(join(root, 'tests/models/weights.py'), dir, library)
    })
    afterAll(() => rm(dir, { recursive: true, force: true }))

    const inPython = (...given: string[]) =>
      run(python ?? '', given, {
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', YOLO_OFFLINE: 'true' },
      })
    const make = ({ file, flags = [] }: Weights, images: string, out: string) =>
      inPython(
        join(programs, `from_${library}.py`),
        '--weights',
        join(dir, file),
        '--images',
        images,
        '--out',
        out,
        ...flags,
      )

    it.each(weights)('$file becomes a package of $family', async (given) => {
      const out = join(dir, `Export of ${given.family}`)
      const { stdout } = await make(given, join(dir, 'images'), out)
      const id = `export-of-${given.family}`
      expect(stdout).toContain(
        `npx sightline models import '${out}/model.onnx' --reference '${out}' --id ${id} --licence ours`,
      )
      const report = await importModel({
        onnxFile: join(out, 'model.onnx'),
        fp32File: null,
        referenceDir: out,
        overrides: {},
        id,
        version: '1.0.0',
        licence: 'none',
        outDir: join(dir, id),
        privateKeyPem: generateKeys().privateKeyPem,
        keyId: 'test',
        taktMs: null,
      })
      expect(report.library).toMatch(new RegExp(`^${library} \\d`))
      expect(report.parity).toHaveLength(6)
      expect(report.resized).toBe(true)
      expect(report.parity.reduce((n, p) => n + p.referenceFindings, 0)).toBeGreaterThan(0)
      const side = library === 'anomalib' ? 'own' : 'given'
      // Ultralytics leaves out a box whose mask is empty; here it is a finding
      const agreed = given.family === 'yolo-segment' ? { missing: 0 } : { unmatched: 0 }
      for (const p of report.parity) expect(p[side]).toMatchObject(agreed)
    })

    it.skipIf(library !== 'torchvision')(
      'refuses weights that do not say what the model does with its inputs',
      async () => {
        const given = {
          file: 'scaling.pth',
          family: '',
          flags: '--model googlenet --labels a,b,c'.split(' '),
        }
        await expect(make(given, join(dir, 'images'), join(dir, 'scaling'))).rejects.toThrow(
          /scaling\.pth: .*transform_input.*torch\.save\(model, FILE\)/,
        )
      },
    )

    it('writes nothing where there are no images, or over what is there', async () => {
      const [first] = weights
      if (first === undefined) throw new Error('no weights')
      const out = join(dir, 'nothing')
      await expect(make(first, join(dir, 'absent'), out)).rejects.toThrow(/absent: expected images/)
      expect(existsSync(out)).toBe(false)
      await expect(make(first, join(dir, 'images'), dir)).rejects.toThrow(/expected a new or empty folder/)
    })
  })
}
