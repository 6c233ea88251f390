import { expect, it } from 'vitest'
import { watchRoutes } from '../../bin/life/watch-routes.ts'

it.each(['/api/life/reviews', '/api/life/reviews/undo'])(
  'a word about a part by %s is for who answers for quality',
  async (path) => {
    // The role is checked before anything else is touched.
    const routes = watchRoutes({ spec: {} } as unknown as Parameters<typeof watchRoutes>[0])
    const route = routes.find((r) => r.path === path && r.method === 'POST')
    const answer = (role: string) => route?.handle({ params: {}, query: {}, body: {}, role, user: 'Op' })
    for (const role of ['viewer', 'operator', 'process'])
      expect(await answer(role)).toMatchObject({ status: 403, body: { error: { code: 'API_ROLE' } } })
    expect(await answer('qa')).toMatchObject({ status: 400 })
  },
)
