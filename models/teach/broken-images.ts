import { CodedError, factInChinese } from '../../contracts/index.ts'

/** So many are named. */
const NAMED = 20

/** Images that could not be read: all are named at once, so that nobody runs a teaching again for each. */
export class BrokenImages {
  readonly #errors: CodedError[] = []

  get any(): boolean {
    return this.#errors.length > 0
  }

  /** What `read` gives; null when the image cannot be used. @throws what is no error of an image */
  async read<T>(read: () => Promise<T>): Promise<T | null> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      this.#errors.push(error)
      return null
    }
  }

  /** @throws the error of the only one; TCH_IMAGES with those of several */
  refuse(): void {
    const [first, ...others] = this.#errors
    if (first === undefined) return
    if (others.length === 0) throw first
    const named = this.#errors.slice(0, NAMED)
    const more = this.#errors.length - named.length
    const said = (word: (fact: string) => string): string[] =>
      named.map(({ code, detail: { file, path, actual } }) =>
        [file ?? path ?? '', actual === undefined ? `(${code})` : `(${code}: ${word(actual)})`].join(' '),
      )
    throw new CodedError('TCH_IMAGES', {
      expected: 'images that can be taught from',
      actual: `${this.#errors.length} that cannot: ${said((s) => s).join(', ')}${more > 0 ? `, and ${more} more` : ''}`,
      hint: 'put others in their place, or take them out',
      zh: {
        expected: '可用于示教的图像',
        actual: `${this.#errors.length} 张无法使用:${said(factInChinese).join('、')}${more > 0 ? `,另有 ${more} 张` : ''}`,
        hint: '请替换或移除这些图像',
      },
    })
  }
}
