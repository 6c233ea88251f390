import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'

// Only schemas made after this call can be named in the OpenAPI document: the server's schemas import `z` from here.
extendZodWithOpenApi(z)

export { z }
