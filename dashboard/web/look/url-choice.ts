import { useSearchParams } from 'react-router'

/** What an address says of a choice; `usual` where it says nothing, or nothing that is known. */
export const choiceIn = <T extends string>(
  search: URLSearchParams,
  key: string,
  choices: readonly T[],
  usual: T,
): T => choices.find((c) => c === search.get(key)) ?? usual

/**
 * A choice that stands in the address of a page, so that a reload, the way back and a link for somebody else keep it.
 *
 * @param usual is not written; an unknown value in the address is taken for it
 */
export function useUrlChoice<T extends string>(
  key: string,
  choices: readonly T[],
  usual: T,
): [T, (value: T) => void] {
  const [search, setSearch] = useSearchParams()
  const set = (value: T): void => {
    const next = new URLSearchParams(search)
    if (value === usual) next.delete(key)
    else next.set(key, value)
    setSearch(next)
  }
  return [choiceIn(search, key, choices, usual), set]
}
