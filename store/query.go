package store

import (
	"fmt"
	"strings"
)

// where is the condition of q on a table that is called alias, and its arguments.
func (q Query) where(alias string) (string, []any) {
	var conditions []string
	var args []any
	add := func(condition string, arg any) {
		args = append(args, arg)
		condition = strings.ReplaceAll(condition, "$", fmt.Sprintf("$%d", len(args)))
		conditions = append(conditions, strings.ReplaceAll(condition, "@.", alias+"."))
	}
	if q.Cause != "" {
		add(`@.cause = $`, q.Cause)
	}
	if strings.Contains(q.From, "@") {
		add(`@.author_email = $`, q.From)
	} else if q.From != "" {
		add(`(@.author_email like '%@' || $ escape '\' or @.author_email like '%.' || $ escape '\')`,
			escapeLike(q.From))
	}
	for _, word := range strings.Fields(q.Search) {
		add(`(@.subject like $ escape '\' or @.author_name like $ escape '\'
			or @.author_email like $ escape '\' or @.recipient like $ escape '\')`,
			"%"+escapeLike(word)+"%")
	}
	if !q.Before.IsZero() {
		add(`@.created_at < $`, q.Before.UnixMilli())
	}
	if !q.After.IsZero() {
		add(`@.created_at > $`, q.After.UnixMilli())
	}
	if conditions == nil {
		return "", nil
	}
	return " where " + strings.Join(conditions, " and "), args
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// order sorts by what q says and then by age, the newest first.
func (q Query) order(alias string) string {
	column, ok := map[string]string{"author": "author_email", "cause": "cause",
		"subject": "subject"}[q.Sort]
	if !ok {
		return fmt.Sprintf(" order by %s.id desc", alias)
	}
	return fmt.Sprintf(" order by %[1]s.%[2]s, %[1]s.id desc", alias, column)
}

func (q Query) limit() string {
	if q.Limit <= 0 {
		return ""
	}
	return fmt.Sprintf(" limit %d", q.Limit)
}
