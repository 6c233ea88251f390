import { CodedError, type Colour, type ModelCard, type Recipe } from '../../contracts/index.ts'
import { isGrey } from '../kernels/index.ts'
import type { Pixels } from '../../models/index.ts'

/** Refuses a frame that lacks colour. @throws INS_IMAGE_FORMAT */
export type ColourCheck = (frame: Pixels) => void

const NOTHING: ColourCheck = () => {}

/**
 * What a frame must tell of colour: what the recipe says, else the strictest of the cards. A camera that falls back to
 * grey would blind a model that goes by hue, and its pictures would look like good ones.
 *
 * @throws CFG_INVALID when the view of the recipe has no colour
 */
export function compileColour({ gate, view }: Recipe, cards: readonly ModelCard[]): ColourCheck {
  const asks = (colour: Colour): ModelCard | undefined =>
    cards.find((card) => card.inputs.some((input) => input.colour === colour))
  const model = asks('shown') ?? asks('channels')
  const wanted = gate.colour ?? (asks('shown') ? 'shown' : model && 'channels')
  if (wanted === undefined || wanted === 'any') return NOTHING
  const [by, byZh] =
    gate.colour === undefined && model
      ? [`as ${model.id} was taught with`, `与示教 ${model.id} 所用的一样`]
      : ['as `gate.colour` says', '如 `gate.colour` 所要求']
  if (view.color !== 'rgb')
    throw new CodedError('CFG_INVALID', {
      path: 'view.color',
      expected: `\`rgb\`: pictures in colour, ${by}`,
      actual: `\`${view.color}\``,
      hint: 'or `gate: { colour: any }`, where grey pictures are to be judged all the same',
      zh: {
        expected: `\`rgb\`:彩色图像,${byZh}`,
        hint: '若灰度图像也应判定,可设 `gate: { colour: any }`',
      },
    })
  return (frame) => {
    const stored = frame.storedChannels ?? frame.channels
    if (stored === 3 && (wanted === 'channels' || !isGrey(frame.data))) return
    throw new CodedError('INS_IMAGE_FORMAT', {
      expected: `a picture in colour, ${by}`,
      actual: stored === 1 ? 'a grey one of 1 channel' : 'a grey one: its 3 channels are equal',
      hint: 'set the pixel format of the camera to colour (RGB8, colour JPEG); `gate: { colour: any }` in a new recipe version judges grey ones, too',
      zh: {
        expected: `彩色图像,${byZh}`,
        actual: stored === 1 ? '单通道灰度图像' : '灰度图像:三个通道相等',
        hint: '请将相机的像素格式设为彩色(RGB8、彩色 JPEG);若灰度图像也应判定,可在新的配方版本中设 `gate: { colour: any }`',
      },
    })
  }
}
