/**
 * Whether a command line asks for Chinese, in either way in which the parser takes the option: errors are said before a
 * command has read its own, and where it could not. Words behind `--` are no options.
 */
export function asksForChinese(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  const options = end < 0 ? words : words.slice(0, end)
  const last = options.findLastIndex((word) => word === '--lang' || word.startsWith('--lang='))
  if (last < 0) return false
  return options[last] === '--lang=zh' || (options[last] === '--lang' && options[last + 1] === 'zh')
}
