import { Alert, Button, Input, Segmented, Select } from 'antd'
import { useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useSearchParams } from 'react-router'
import { isUnknown } from '../api/client.ts'
import { filterOf, filterText, useLine, usePareto, useParts, usePlant, useSerial } from '../api/hooks.ts'
import { className } from '../i18n/class-names.ts'
import { AsOf } from '../look/as-of.tsx'
import { TimeField } from '../look/time-field.tsx'
import { RESULTS, type PartRow } from '../api/types.ts'
import { atPlant } from '../shell/site.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { usePartColumns } from './part-columns.tsx'
import { UnknownSerial } from './unknown-serial.tsx'
import { Table } from '../look/wide.tsx'

/** All inspections, filtered, or every inspection of one serial. The filter is in the address, so it can be shared. */
export function PartsPage(): ReactNode {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const serial = search.get('serial')
  const filter = useMemo(() => filterOf(search), [search])
  const line = useLine()
  const plant = usePlant()
  const list = useParts(filter, serial === null)
  const life = useSerial(serial)
  const columns = usePartColumns(filterText(filter))
  const found = usePareto(null).data ?? []
  const classes = [
    ...new Set([...found.map((c) => c.class), ...(filter.class === null ? [] : [filter.class])]),
  ]
  const set = (key: string, value: string | null): void => {
    const next = new URLSearchParams(search)
    if (value) next.set(key, value)
    else next.delete(key)
    setSearch(next)
  }
  const rows: PartRow[] =
    serial === null
      ? (list.data?.pages.flatMap((page) => page.parts) ?? [])
      : (life.data?.inspections.toReversed() ?? [])
  const unknownSerial = isUnknown(life.error)
  const error = serial === null ? list.error : unknownSerial ? null : life.error
  const pending = serial === null ? list.isPending : life.isPending
  const inRange = serial === null && (filter.first !== null || filter.last !== null)
  const filtered = Object.values(filter).some((v) => v !== null)

  return (
    <div className="page parts-page">
      <div className="toolbar">
        {atPlant() ? (
          <Select
            aria-label={t('plant.line')}
            className="w-station"
            value={filter.line ?? ''}
            disabled={serial !== null}
            onChange={(value: string) => set('line', value)}
            options={[
              { value: '', label: t('plant.allLines') },
              ...(plant.data?.lines ?? []).map((l) => ({ value: l.line, label: l.line })),
            ]}
          />
        ) : (
          <Select
            aria-label={t('parts.station')}
            className="w-station"
            value={filter.station ?? ''}
            disabled={serial !== null}
            onChange={(value: string) => set('station', value)}
            options={[
              { value: '', label: t('parts.allStations') },
              ...(line.data?.info.stations ?? []).map((s) => ({ value: s.id, label: s.id })),
            ]}
          />
        )}
        <Segmented<string>
          aria-label={t('parts.result')}
          value={filter.result ?? ''}
          disabled={serial !== null}
          onChange={(value) => set('result', value)}
          options={[
            { value: '', label: t('parts.allResults') },
            ...RESULTS.map((r) => ({ value: r, label: t(`verdict.${r}`) })),
          ]}
        />
        <Select
          aria-label={t('analysis.class')}
          className="w-station"
          value={filter.class ?? ''}
          disabled={serial !== null}
          onChange={(value: string) => set('class', value)}
          options={[
            { value: '', label: t('parts.allClasses') },
            ...classes.map((c) => ({ value: c, label: className(c) })),
          ]}
        />
        <Input.Search
          key={`lot ${filter.lot}`}
          className="w-station"
          aria-label={t('parts.lot')}
          placeholder={t('parts.lot')}
          defaultValue={filter.lot ?? ''}
          disabled={serial !== null}
          allowClear
          onSearch={(value) => set('lot', value.trim())}
        />
        <TimeField
          label={t('analysis.from')}
          value={filter.from}
          disabled={serial !== null}
          set={(v) => set('from', v)}
        />
        <TimeField
          label={t('analysis.to')}
          value={filter.to}
          disabled={serial !== null}
          set={(v) => set('to', v)}
        />
        <Input.Search
          key={serial}
          className="w-serial"
          placeholder={t('parts.serialSearch')}
          defaultValue={serial ?? ''}
          allowClear
          onSearch={(value) => set('serial', value.trim())}
        />
        <span className="grow" />
        <AsOf
          readMs={serial === null ? list.data?.pages[0]?.readMs : life.data && life.dataUpdatedAt}
          again={serial === null ? list : life}
        />
      </div>
      {serial !== null && !unknownSerial && (
        <Alert
          type="info"
          showIcon
          title={t('parts.serialMode', { serial, n: life.data ? rows.length : '…' })}
          action={<Button onClick={() => set('serial', null)}>{t('parts.allParts')}</Button>}
        />
      )}
      {inRange && (
        <Alert
          type="info"
          showIcon
          title={t('parts.range')}
          action={<Button onClick={() => setSearch({})}>{t('parts.allParts')}</Button>}
        />
      )}
      {error && rows.length === 0 ? (
        <Failed error={error} retry={() => void (serial === null ? list.refetch() : life.refetch())} />
      ) : (
        <Table<PartRow>
          rowKey="inspectionId"
          size="small"
          columns={columns}
          dataSource={rows}
          pagination={false}
          sticky={{ offsetHeader: 48 }}
          locale={{
            // That there is none is an answer, and not there yet.
            emptyText: pending ? (
              <Waiting />
            ) : unknownSerial ? (
              <UnknownSerial serial={serial ?? ''} />
            ) : filtered ? (
              <Nothing title={t('parts.noneFiltered')} hint={t('parts.noneFilteredHint')} />
            ) : (
              <Nothing title={t('live.noParts')} hint={t('live.noPartsHint')} />
            ),
          }}
          rowClassName={(row) => `part-row edge-${row.result}`}
          onRow={(row) => ({
            onClick: () => void navigate(`/part/${row.inspectionId}?${filterText(filter)}`),
          })}
        />
      )}
      {serial === null && list.hasNextPage && (
        <div className="more">
          <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t('parts.more', { n: rows.length })}
          </Button>
        </div>
      )}
      {serial === null && !list.hasNextPage && rows.length > 0 && (
        <div className="more muted">{t('parts.end', { n: rows.length })}</div>
      )}
    </div>
  )
}
