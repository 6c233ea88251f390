import { useMemo, type ReactNode } from 'react'
import { useNavigate } from 'react-router'
import type { UnitLife } from '../api/types.ts'
import { Chart } from '../charts/chart.tsx'
import {
  genealogyHeight,
  genealogyOption,
  genealogyPart,
  genealogyTree,
  genealogyWidth,
} from '../charts/genealogy-option.ts'
import { pageOf } from '../holds/hold-words.ts'
import { Wide } from '../look/wide.tsx'

type Items = UnitLife['backward']['items']
type Tree = ReturnType<typeof genealogyTree>

/** What the part was made of and went into, as one picture; the lists below have the same in words. */
export function GenealogyGraph({ life }: { life: UnitLife }): ReactNode {
  const navigate = useNavigate()
  const content = JSON.stringify([life.uri, life.serial, life.backward.items, life.forward.items])
  const drawn = useMemo(() => {
    const [uri, serial, ...lists] = JSON.parse(content) as [string, string, Items, Items]
    const [backward, forward] = lists.map((items) => genealogyTree(serial, uri, items)) as [Tree, Tree]
    return {
      option: genealogyOption(backward, forward),
      height: genealogyHeight([backward, forward]),
      width: genealogyWidth(backward, forward),
      part: genealogyPart(backward),
    }
  }, [content])
  return (
    <Wide middlePx={drawn.part}>
      <div style={{ minWidth: drawn.width }}>
        {/* Made anew for another genealogy: a tree of ECharts that takes over other data fails on the links of the old one. */}
        <Chart
          key={content}
          option={drawn.option}
          height={drawn.height}
          label={life.serial}
          onPick={(node) => {
            const page = pageOf((node as { uri?: string } | undefined)?.uri ?? '')
            if (page !== null) void navigate(page)
          }}
        />
      </div>
    </Wide>
  )
}
