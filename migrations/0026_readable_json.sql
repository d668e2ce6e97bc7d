-- Why: every JSON operator raises on a body with an escape of NUL or of a lone surrogate anywhere in it, so that one
-- customer's metadata stopped a statement that reads ids of many customers' bodies. This gives the same body with
-- U+FFFD for each such escape, for statements that read ids and words out of bodies as providers send them. Pairs of
-- surrogates are replaced too: no id and no word has any. An escape is one whose backslash is not escaped itself.
CREATE FUNCTION readable_json(body json) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN strpos(body::text, '\u0000') = 0 AND strpos(lower(body::text), '\ud') = 0 THEN body
            ELSE regexp_replace(body::text, '(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\1\\ufffd', 'g')::json
       END;
