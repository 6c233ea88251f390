import type { TablePaginationConfig } from 'antd'
import { useEffect, useState } from 'react'
import { flushSync } from 'react-dom'
import { useTranslation } from 'react-i18next'
import { countText } from './format.ts'

/** True while the page is being put on paper, where nobody can turn to the next rows. */
export function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    // The browser takes the page as it is when the event returns.
    const begin = (): void => flushSync(() => setPrinting(true))
    const end = (): void => setPrinting(false)
    window.addEventListener('beforeprint', begin)
    window.addEventListener('afterprint', end)
    return () => {
      window.removeEventListener('beforeprint', begin)
      window.removeEventListener('afterprint', end)
    }
  }, [])
  return printing
}

/** Rows of one table on paper: with many thousands a browser takes minutes, and more memory than it has. */
export const ON_PAPER = 1_000

/**
 * Turns a table into pages of rows where it is longer than one; on paper its rows stand below each other, and of a very long
 * one it is said that these are not all.
 */
export function usePaging(): (rows: number, pageSize: number) => false | TablePaginationConfig {
  const { t } = useTranslation()
  const printing = usePrinting()
  return (rows, pageSize) => {
    if (rows <= (printing ? ON_PAPER : pageSize)) return false
    if (!printing) return { pageSize, size: 'small' }
    const words = { n: countText(ON_PAPER), total: countText(rows) }
    return { pageSize: ON_PAPER, current: 1, className: 'on-paper', showTotal: () => t('nav.onPaper', words) }
  }
}
