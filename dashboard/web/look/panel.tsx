import { type ReactNode } from 'react'

/** A titled box; the house look of every group of facts. */
export const Panel = ({
  title,
  extra,
  className = '',
  children,
}: {
  title: ReactNode
  extra?: ReactNode
  className?: string
  children: ReactNode
}): ReactNode => (
  <section className={`panel ${className}`}>
    <header className="panel-head">
      <h2>{title}</h2>
      {extra}
    </header>
    {children}
  </section>
)

/** Name and value pairs in two columns. */
export const Facts = ({ items }: { items: readonly (readonly [ReactNode, ReactNode])[] }): ReactNode => (
  <dl className="facts">
    {items.map(([name, value], i) => (
      <div key={i}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)
