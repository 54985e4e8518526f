# One image for every process of Keyward: `docker build --build-arg APP=token .` makes the token service's.
FROM node:24-bookworm-slim AS build
WORKDIR /keyward
COPY . .
RUN npm ci --no-audit && npm run build && npm prune --omit=dev \
 && find apps libs -name '*.ts' -delete && rm -rf .nx bench docs tools

FROM node:24-bookworm-slim
ARG APP
RUN test -n "$APP"
ENV NODE_ENV=production
WORKDIR /keyward
COPY --from=build /keyward ./
RUN ln -s "apps/$APP" app
USER node
ENTRYPOINT ["node", "app/dist/main.js"]
