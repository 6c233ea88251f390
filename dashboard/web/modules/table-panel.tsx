import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useText } from '../i18n/index.ts'
import { numberText } from '../look/format.ts'
import { usePaging } from '../look/printing.ts'
import { Nothing } from '../shell/states.tsx'
import type { TableData } from './module-types.ts'
import { Table } from '../look/wide.tsx'

export function TablePanel({ data }: { data: TableData }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const paging = usePaging()
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return '–'
    if (typeof value === 'number') return numberText(value)
    if (typeof value === 'string') return value
    const bilingual = value as { zh?: unknown; en?: unknown }
    return typeof bilingual.zh === 'string' && typeof bilingual.en === 'string'
      ? text({ zh: bilingual.zh, en: bilingual.en })
      : JSON.stringify(value)
  }
  return (
    <Table<Record<string, unknown>>
      rowKey={(row) => JSON.stringify(row)}
      size="small"
      pagination={paging(data.rows.length, 20)}
      dataSource={data.rows}
      columns={data.columns.map((c) => ({ title: text(c.title), render: (_, row) => cell(row[c.key]) }))}
      locale={{ emptyText: <Nothing title={t('modules.empty')} /> }}
    />
  )
}
