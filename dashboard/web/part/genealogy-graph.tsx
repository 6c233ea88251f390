import { useMemo, type ReactNode } from 'react'
import { useNavigate } from 'react-router'
import type { UnitLife } from '../api/types.ts'
import { Chart } from '../charts/chart.tsx'
import { genealogyHeight, genealogyOption, genealogyTree } from '../charts/genealogy-option.ts'
import { pageOf } from '../holds/hold-words.ts'

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
        const page = pageOf((node as { uri?: string } | undefined)?.uri ?? '')
        if (page !== null) void navigate(page)
      }}
    />
  )
}
