import { statSync } from 'node:fs'
import { CodedError } from '../../contracts/index.ts'
import { fileError } from './sqlite-errors.ts'

/** Where a file is kept, on whichever disk. */
interface Place {
  dev: number
  ino: number
}

/**
 * A file that is written through a descriptor which stays open. Where it, or the folder it lies in, is taken away, moved
 * or hidden behind a mount, all that is written to it goes where the next start does not look.
 */
export class OwnFile {
  readonly #path: string
  readonly #hint: { en: string; zh: string }
  #place: Place | null = null

  /** @param hint what to do about it, in English and Chinese */
  constructor(path: string, hint: { en: string; zh: string }) {
    this.#path = path
    this.#hint = hint
  }

  /** Takes what lies at the path for the file that is open. */
  note(): void {
    this.#place = statSync(this.#path, { throwIfNoEntry: false }) ?? null
  }

  /**
   * TRC_WRITE where another file lies at the path, none, or one that may not be looked at; null where it is the one that
   * was noted.
   */
  astray(): CodedError | null {
    const own = this.#place
    if (own === null) return null
    let there: Place | null
    try {
      there = statSync(this.#path, { throwIfNoEntry: false }) ?? null
    } catch (error) {
      return fileError(error, 'TRC_WRITE', this.#path)
    }
    if (there !== null && there.ino === own.ino && there.dev === own.dev) return null
    return new CodedError('TRC_WRITE', {
      file: this.#path,
      expected: 'the file that the line has open',
      actual: there === null ? 'it was taken away or moved' : 'another file in its place',
      hint: this.#hint.en,
      zh: {
        expected: '产线所打开的文件',
        actual: there === null ? '该文件已被移走或删除' : '原处是另一个文件',
        hint: this.#hint.zh,
      },
    })
  }
}
