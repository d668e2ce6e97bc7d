// stripe-sync-engine behind Fastify, as its own server uses it: the raw body, then processWebhook.
// `node sync_engine.js migrate` creates its tables; else PORT and PROCESSES say how it serves.
// The database comes from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.
// CommonJS, since the migrations of the package's other build look for a __dirname.
const cluster = require('node:cluster')
const fastify = require('fastify')
const { StripeSync, runMigrations } = require('@supabase/stripe-sync-engine')

const processes = Number(process.env.PROCESSES)

async function serve() {
  const sync = new StripeSync({
    schema: 'stripe',
    stripeSecretKey: 'sk_test_' + 'a'.repeat(24),
    stripeWebhookSecret: process.env.STRIPE_WEBHOOK_SECRET,
    backfillRelatedEntities: false, // it would call Stripe's API
    autoExpandLists: false,
    revalidateObjectsViaStripeApi: [],
    poolConfig: { max: 10, keepAlive: true },
  })
  const app = fastify()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.post('/webhooks', async (request, reply) => {
    try {
      await sync.processWebhook(request.body, request.headers['stripe-signature'])
    } catch (error) {
      console.error(error)
      return reply.code(400).send({ error: error.message })
    }
    return { received: true }
  })
  await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
}

if (process.argv[2] === 'migrate') {
  runMigrations({ schema: 'stripe', logger: console })
} else if (processes > 1 && cluster.isPrimary) {
  for (let number = 0; number < processes; number++) cluster.fork()
} else {
  serve()
}
