import type { Colour, I18n, ModelCard } from '../../contracts/index.ts'
import { colourShare } from '../kernels/colour-share.kernel.ts'
import type { Pixels } from '../pixels.ts'

/** Grey levels between the channels of a pixel from which it is in colour. */
const APART = 8
/** A picture is in colour when so large a share of it is; a smaller one, as a speck, is colour that was seen. */
const IN_COLOUR = 0.01
const SPECK = 0.0001

/** What pictures that a model is taught with tell of colour (ADR 28). */
export class ColourSeen {
  readonly #before: Colour | 'unknown' | null
  #pictures = 0
  #grey = 0
  #oneChannel = 0
  #some = false

  /** @param before card of the model that a new version is made of: what was taught before has to hold, too */
  constructor(before?: ModelCard) {
    this.#before = before === undefined ? null : (before.inputs[0]?.colour ?? 'unknown')
  }

  add(pixels: Pixels): void {
    const share = pixels.channels === 3 ? colourShare(pixels.data, APART) : 0
    this.#pictures++
    if ((pixels.storedChannels ?? pixels.channels) === 1) this.#oneChannel++
    if (share < IN_COLOUR) this.#grey++
    if (share >= SPECK) this.#some = true
  }

  /** What a frame must tell of colour to be such a picture; undefined = nothing. */
  get demand(): Colour | undefined {
    const some = this.#some || this.#before === 'shown' || this.#before === 'channels'
    if (!some || this.#oneChannel > 0 || this.#before === 'unknown') return undefined
    return this.#grey === 0 && this.#before !== 'channels' ? 'shown' : 'channels'
  }

  /** The card that says so. */
  told(card: ModelCard): ModelCard {
    const { demand } = this
    return demand === undefined
      ? card
      : { ...card, inputs: card.inputs.map((input) => ({ ...input, colour: demand })) }
  }

  /** That a camera which falls back to grey may go unnoticed, and why; null where no colour was seen, or all is. */
  get note(): I18n | null {
    if (!this.#some || this.#grey === 0) return null
    const [count, n] = [this.#oneChannel || this.#grey, this.#pictures]
    if (this.#oneChannel > 0)
      return {
        en: `${count} of ${n} pictures are stored in grey and others in colour: grey frames of a colour camera will be judged as they are; leave them out, or demand colour by \`gate: { colour: shown }\` in the recipe`,
        zh: `${n} 张图像中有 ${count} 张以灰度保存,其余为彩色:彩色相机输出的灰度帧将照常判定;请去掉这些图像,或在配方中用 \`gate: { colour: shown }\` 要求彩色`,
      }
    return {
      en: `${count} of ${n} pictures show hardly any colour and others do: frames whose 3 channels are equal will be judged as they are, those of 1 channel are refused; \`gate: { colour: shown }\` in the recipe refuses both`,
      zh: `${n} 张图像中有 ${count} 张几乎没有颜色,其余有:三通道相等的帧将照常判定,单通道的帧被拒绝;配方中的 \`gate: { colour: shown }\` 对两者均拒绝`,
    }
  }
}
