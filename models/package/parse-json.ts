import type { z } from 'zod'
import { CodedError, asCoded, parseStrict, refuseOtherEncodings } from '../../contracts/index.ts'

/**
 * @param text a mark that editors of Windows put in front of UTF-8 is left out
 * @throws MDL_PACKAGE when the text is not JSON in UTF-8
 */
export function parseJson(text: string, file: string): unknown {
  const plain = text.replace(/^\ufeff/, '')
  ofPackage(() => refuseOtherEncodings(plain, file))
  try {
    return JSON.parse(plain)
  } catch (error) {
    throw asCoded(error, 'MDL_PACKAGE', { file, expected: 'JSON' })
  }
}

/** @throws MDL_PACKAGE with file, path and line of the first fault */
export function parsePackageJson<S extends z.ZodType>(text: string, schema: S, file: string): z.output<S> {
  parseJson(text, file)
  return ofPackage(() => parseStrict(text, schema, file))
}

function ofPackage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof CodedError) throw new CodedError('MDL_PACKAGE', { ...error.detail, cause: error })
    throw error
  }
}
