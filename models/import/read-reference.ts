import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, asCoded } from '../../contracts/index.ts'
import { parsePackageJson } from '../package/parse-json.ts'
import { fromPng } from '../package/png.ts'
import type { Pixels } from '../pixels.ts'
import { importArgumentsSchema, isClassifier, referenceSchema } from './arguments.schema.ts'
import type { ImportArguments, ReferenceFinding } from './arguments.schema.ts'

/** What the original library made of one image. */
export interface ReferenceItem {
  image: string
  pixels: Pixels
  /** What the library showed its network, HWC uint8 of the model's size, RGB or grey. */
  input: Uint8Array
  findings: ReferenceFinding[]
  scores: Record<string, number>
}

export interface Reference {
  arguments: ImportArguments
  /** Name and version. */
  library: string
  items: ReferenceItem[]
}

/**
 * Reads `import.json`, `reference.json` and what they name.
 *
 * @param overrides in place of single entries of `import.json`
 * @throws CFG_MISSING_FILE; MDL_PACKAGE for a malformed file, or pixels that are not of the model's size
 */
export async function readReference(dir: string, overrides: Partial<ImportArguments>): Promise<Reference> {
  const read = (name: string): Promise<Buffer> =>
    readFile(join(dir, name)).catch((error: unknown) => {
      throw asCoded(error, 'CFG_MISSING_FILE', { file: join(dir, name) })
    })
  const text = async (name: string): Promise<string> => (await read(name)).toString('utf8')
  const file = join(dir, 'import.json')
  const given = parsePackageJson(await text('import.json'), importArgumentsSchema, file)
  // once more: what comes from the command line is held to the same form
  const args = parsePackageJson(JSON.stringify({ ...given, ...overrides }), importArgumentsSchema, file)
  const reference = parsePackageJson(
    await text('reference.json'),
    referenceSchema,
    join(dir, 'reference.json'),
  )
  const [width, height] = args.size
  const items: ReferenceItem[] = []
  for (const [n, item] of reference.items.entries()) {
    refuseOtherScores(args, item.scores, `items[${n}].scores`, join(dir, 'reference.json'))
    const input = await read(item.input)
    if (![1, 3].includes(input.length / (width * height)))
      throw new CodedError('MDL_PACKAGE', {
        file: join(dir, item.input),
        expected: `${width} × ${height} px RGB, ${width * height * 3} bytes, or grey, ${width * height} bytes, as import.json says`,
        actual: `${input.length} bytes`,
        ...(args.family.startsWith('yolo') && {
          hint: 'make the reference with predict(..., rect=False): otherwise Ultralytics cuts the margins of an image where the model takes any size',
        }),
      })
    items.push({ ...item, pixels: await fromPng(await read(item.image), item.image), input })
  }
  return { arguments: args, library: reference.library, items }
}

/**
 * The order of classes that no image shows is seen by their scores alone.
 *
 * @throws MDL_PACKAGE when a classifier's reference lacks the score of a class, or has one of no class
 */
function refuseOtherScores(
  { family, labels }: ImportArguments,
  scores: Readonly<Record<string, number>>,
  path: string,
  file: string,
): void {
  if (!isClassifier(family)) return
  const lacking = labels.filter((label) => !Object.hasOwn(scores, label))
  if (lacking.length > 0)
    throw new CodedError('MDL_PACKAGE', {
      file,
      path,
      expected: 'the score of every class',
      actual: `none of ${lacking.join(', ')}`,
    })
  const strange = Object.keys(scores).filter((name) => !labels.includes(name))
  if (strange.length > 0)
    throw new CodedError('MDL_PACKAGE', {
      file,
      path,
      expected: `scores of the labels of import.json alone: ${labels.join(', ')}`,
      actual: `one of ${strange.join(', ')}`,
      hint: 'give all labels of the model in their order, named alike in both files',
    })
}
