import { useMemo, type ReactNode } from 'react'
import { useNavigate } from 'react-router'
import type { UnitLife } from '../api/types.ts'
import { Chart } from '../charts/chart.tsx'
import { genealogyHeight, genealogyOption, genealogyTree } from '../charts/genealogy-option.ts'
import { shortTarget } from '../holds/hold-words.ts'

/** Where a click on a thing leads; null = it has no page. */
function pageOf(uri: string): string | null {
  const short = shortTarget(uri)
  if (short.startsWith('unit/')) return `/parts?serial=${encodeURIComponent(uri)}`
  return short.startsWith('lot/') ? `/lot/${encodeURIComponent(short.slice('lot/'.length))}` : null
}

/** What the part was made of and went into, as one picture; the lists below have the same in words. */
export function GenealogyGraph({ life }: { life: UnitLife }): ReactNode {
  const navigate = useNavigate()
  const drawn = useMemo(() => {
    const sides = [life.backward, life.forward].map(({ items }) =>
      genealogyTree(life.serial, life.uri, items),
    ) as [ReturnType<typeof genealogyTree>, ReturnType<typeof genealogyTree>]
    return { option: genealogyOption(...sides), height: genealogyHeight(sides) }
  }, [life])
  return (
    <Chart
      option={drawn.option}
      height={drawn.height}
      onPick={(node) => {
        const page = pageOf((node as { uri?: string }).uri ?? '')
        if (page !== null) void navigate(page)
      }}
    />
  )
}
