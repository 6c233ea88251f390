import {
  asCoded,
  CodedError,
  type FrameFormat,
  type PartContext,
  type Recipe,
} from '../../contracts/index.ts'
import {
  checkSeen,
  decodeFrame,
  inspect,
  intoPartFrame,
  loadRecipe,
  PartImage,
  prepareRecipe,
} from '../../inspection/index.ts'
import type { Pixels } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelSetup } from '../setup/models.ts'

const ENCODED: FrameFormat = { kind: 'encoded', mime: 'application/octet-stream' }
const CONTEXT: PartContext = { line: 'cli', plant: 'cli', station: 'cli', product: '', shift: 'day' }

/** Images as the model tools of a recipe see them: of its view, past its gate, registered to its golden template. */
export interface PartFrames {
  size: { widthPx: number; heightPx: number }
  /** @throws TCH_IMAGES when the gate or the registration refuses the image, with its reason */
  see(name: string, bytes: Uint8Array): Promise<Pixels>
  close(): Promise<void>
}

/** @throws CFG_*; CFG_UNKNOWN_REFERENCE when the golden template comes with each frame */
export async function openPartFrames(
  place: { dir: string; id: string },
  environment: Environment,
): Promise<PartFrames> {
  const loaded = await loadRecipe(place.dir, place.id)
  if (loaded.recipe.golden?.from === 'frame')
    throw new CodedError('CFG_UNKNOWN_REFERENCE', {
      file: place.id,
      path: 'golden',
      expected: 'a recipe with its own golden template, or none',
      actual: 'a template that comes with each frame',
    })
  const recipe = withoutJudging(loaded.recipe)
  const prepared = await prepareRecipe({ ...loaded, recipe }, await modelSetup(['cpu'], environment))
  const { widthPx, heightPx } = recipe.view
  return {
    size: { widthPx, heightPx },
    async see(name, bytes) {
      const { verdict } = await inspect({ bytes, format: ENCODED }, prepared, CONTEXT)
      const refused = (actual: string): CodedError =>
        new CodedError('TCH_IMAGES', {
          path: name,
          expected: `an image that ${place.id} would judge`,
          actual,
          hint: 'leave it out, or teach without the recipe',
        })
      const { noVerdict, registration } = verdict
      if (noVerdict) throw refused(`${noVerdict.reason}: ${noVerdict.message}`)
      const pixels = await decodeFrame(bytes, ENCODED, recipe.view)
      if (!registration) return pixels
      try {
        checkSeen(loaded.recipe, registration)
      } catch (error) {
        throw refused(`registration: ${asCoded(error, 'INS_REGISTER').message}`)
      }
      const seen = intoPartFrame(new PartImage(pixels), registration).pixels
      return { ...seen, storedChannels: pixels.storedChannels ?? pixels.channels }
    },
    close: () => prepared.close(),
  }
}

/** The recipe up to what its models see: nothing is judged. */
const withoutJudging = (recipe: Recipe): Recipe => ({
  ...recipe,
  tools: recipe.tools.filter((t) => t.use === 'register@1'),
  rules: [
    {
      id: 'seen',
      when: 'true',
      verdict: 'pass',
      disposition: 'release',
      severity: 'minor',
      reason: { en: 'seen', zh: '已查看' },
    },
  ],
})
