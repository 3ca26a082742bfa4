package store

import (
	"context"
	"database/sql/driver"

	"github.com/jackc/pgx/v5/stdlib"
)

// PostgreSQL refuses a text that is no valid UTF-8 or has a NUL, and with it the transaction. What we
// write was cleaned where it came from; what people look for may be anything.

// cleaning makes connections that clean their arguments.
type cleaning struct{ driver.Connector }

func (c cleaning) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return cleaningConn{conn.(*stdlib.Conn)}, nil
}

type cleaningConn struct{ *stdlib.Conn }

// CheckNamedValue is called for each argument. It takes the types that SQLite's driver takes.
func (cleaningConn) CheckNamedValue(v *driver.NamedValue) (err error) {
	v.Value, err = clean(v.Value)
	return err
}

// clean is an argument as the server takes it.
func clean(arg any) (driver.Value, error) {
	v, err := driver.DefaultParameterConverter.ConvertValue(arg)
	if text, is := v.(string); is {
		v = cleanText(text)
	}
	return v, err
}
