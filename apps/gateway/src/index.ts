export { gatewaySettings, type GatewayConfig } from './config';
export { startGateway, type Gateway } from './start';
export { GatewayModule } from './gateway.module';
