package bootstrap

import (
	"go.uber.org/zap"

	"gatehouse/adapters/seatrefresh"
	"gatehouse/application/provisioning"
	"gatehouse/bootstrap/config"
)

func newSeatRefresh(config config.Config, service *provisioning.Service, log *zap.Logger) *seatrefresh.Refresher {
	return seatrefresh.New(service.RefreshSeats, config.Seats.RefreshInterval, log)
}
